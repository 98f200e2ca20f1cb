import { describe, expect, test } from "bun:test";
import { assert, constantFrom, property, string } from "fast-check";
import { readPasted, type PasteQuestion } from "../../src/signin/paste.ts";

const NATIVE = "https://login.microsoftonline.com/common/oauth2/nativeclient";
const LOCAL: PasteQuestion = {
  redirectUri: "https://localhost",
  authorizationEndpoint: "https://login.microsoftonline.com/common/oauth2/v2.0/authorize",
  state: "state-1",
  wholeAddressOnly: false,
};
const CODE = "M.C507_BAY.2.U.abc-DEF!*123";
const ADDRESS = `https://localhost/?code=${CODE}&state=state-1&session_state=x`;

/** `code state`, or the reason why it is none. */
function read(text: string, question: Partial<PasteQuestion> = {}): string {
  const pasted = readPasted(text, { ...LOCAL, ...question });
  return pasted.kind === "wrong" ? pasted.reason : `${pasted.parameters.get("code")} ${pasted.parameters.get("state")}`;
}

describe("what is pasted", () => {
  test.each<[string, string, Partial<PasteQuestion>]>([
    ["the whole address", ADDRESS, {}],
    ["the address without a slash", ADDRESS.replace("localhost/?", "localhost?"), {}],
    ["in double quotes", `"${ADDRESS}"`, {}],
    ["in typographic quotes", `“${ADDRESS}”`, {}],
    ["in angle brackets", `<${ADDRESS}>`, {}],
    ["with white space around", `  \t${ADDRESS}\r\n`, {}],
    [
      "broken over lines by a terminal",
      `${ADDRESS.slice(0, 30)}\n  ${ADDRESS.slice(30, 44)}\r\n${ADDRESS.slice(44)}`,
      {},
    ],
    ["with bracketed-paste marks", `\u001b[200~${ADDRESS}\u001b[201~`, {}],
    ["with HTML's ampersands", ADDRESS.replaceAll("&", "&amp;"), {}],
    ["with a shell's backslashes", ADDRESS.replace("?", "\\?").replaceAll("=", "\\=").replaceAll("&", "\\&"), {}],
    ["without the scheme, as browsers show it", ADDRESS.replace("https://", ""), {}],
    ["only the query", ADDRESS.slice(ADDRESS.indexOf("?")), {}],
    ["only the query without its mark", ADDRESS.slice(ADDRESS.indexOf("?") + 1), {}],
    ["the bare code", CODE, {}],
    ["the bare code in quotes", `'${CODE}'`, {}],
    ["the code and what follows it", `${CODE}&state=state-1&session_state=x`, {}],
    [
      "an address with a port, as registered",
      ADDRESS.replace("localhost", "localhost:4000"),
      { redirectUri: "https://localhost:4000" },
    ],
    ["an address of nativeclient", `${NATIVE}?code=${CODE}&state=state-1`, { redirectUri: NATIVE }],
    ["an answer in the fragment", `${NATIVE}#code=${CODE}&state=state-1`, { redirectUri: NATIVE }],
    ["a code shown out of band", CODE, { redirectUri: "urn:ietf:wg:oauth:2.0:oob" }],
  ])("is understood: %s", (_title, text, question) => {
    expect(read(text, question)).toBe(`${CODE} state-1`);
  });

  test("is decoded when it is a code copied out of the address", () => {
    expect(read("4%2F0AbCdEfGh")).toBe("4/0AbCdEfGh state-1");
    expect(read("100%sure-code")).toBe("100%sure-code state-1");
  });

  test("keeps another attempt's state, for the comparison to find", () => {
    expect(read(ADDRESS.replace("state-1", "state-2"))).toBe(`${CODE} state-2`);
  });

  test("keeps the provider's error", () => {
    const pasted = readPasted("https://localhost/?error=access_denied&state=state-1", LOCAL);
    expect(pasted.kind === "parameters" && pasted.parameters.get("error")).toBe("access_denied");
  });

  test.each<[string, string, Partial<PasteQuestion>, RegExp]>([
    ["nothing", " \n ", {}, /nothing was pasted/],
    [
      "the address where the sign-in starts",
      `${LOCAL.authorizationEndpoint}?client_id=1&response_type=code&state=state-1`,
      {},
      /starts/,
    ],
    ["a page in the middle of the sign-in", "https://login.microsoftonline.com/common/login", {}, /not finished/],
    ["an address of somebody else", `https://evil.example/?code=${CODE}&state=state-1`, {}, /evil\.example/],
    ["another scheme", `http://localhost/?code=${CODE}&state=state-1`, {}, /ends at https:\/\/localhost/],
    ["another path", `https://localhost/other?code=${CODE}&state=state-1`, {}, /ends at/],
    ["an address without a code", "https://localhost/", {}, /no code/],
    ["an address cut off before its state", `https://localhost/?code=${CODE}`, {}, /cut off/],
    ["a query cut off before its state", `?code=${CODE}`, {}, /part of the address/],
    ["a word", "ok", {}, /neither/],
    ["prose with a code in another alphabet", "код-подтверждения", {}, /neither/],
    ["the bare code where the provider names itself", CODE, { wholeAddressOnly: true }, /whole address/],
    ["a file", "file:///etc/passwd", {}, /ends at/],
  ])("is refused with the reason: %s", (_title, text, question, reason) => {
    expect(read(text, question)).toMatch(reason);
  });

  test("never makes it throw, and never shows a code in the reason", () => {
    assert(
      property(
        string({ unit: "grapheme" }),
        constantFrom("", "https://localhost/?", "code=", "&state="),
        (text, start) => {
          const pasted = readPasted(start + text, LOCAL);
          return pasted.kind === "parameters" || !pasted.reason.includes(CODE);
        },
      ),
    );
    expect(read(`https://evil.example/?code=${CODE}`)).not.toContain(CODE);
    expect(read(`https://localhost/?code=${CODE}`)).not.toContain(CODE);
  });
});
