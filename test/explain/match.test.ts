import { describe, expect, test } from "bun:test";
import { assert, property, string } from "fast-check";
import { CATALOGUE } from "../../src/explain/catalogue.ts";
import { explain } from "../../src/explain/match.ts";
import { UNRELATED, VERBATIM } from "./verbatim.ts";

const ids = (text: string) => explain(text).map(({ id }) => id);

/** What a text goes through before somebody pastes it. */
const NOISE: Readonly<Record<string, (text: string) => string>> = {
  "in the middle of a log": (text) =>
    `${UNRELATED.slice(0, 5).join("\n")}\n${text}\n${UNRELATED.slice(5, 9).join("\n")}`,
  "after a syslog prefix": (text) => `Nov 24 08:00:01 laptop mbsync[4711]: ${text}`,
  "after an ISO time and a level": (text) => `[2026-11-24T08:00:01.123Z] ERROR app: ${text} (attempt 3)`,
  "in colours": (text) => `\u001b[1;31merror:\u001b[0m ${text.replace(" ", " \u001b[33m")}\u001b[0m`,
  "wrapped at spaces": (text) => text.replaceAll(" ", "\n"),
  "wrapped, with a syslog prefix on each line": (text) =>
    text
      .split(/(?<= \S+ \S+ )/)
      .map((line) => `Nov 24 08:00:01 laptop msmtp[4711]: ${line.trim()}`)
      .join("\n"),
  "quoted in a mail": (text) => text.replace(/^|\n/g, "$&> "),
  "in other quotation marks and in capitals": (text) =>
    /AADSTS|eyJ|[a-z]_[a-z]|NO_SECKEY/.test(text) ? text : text.replaceAll("'", "’").toUpperCase(),
  "with line ends of Windows": (text) => `before\r\n${text.replaceAll("\n", "\r\n")}\r\nafter\r\n`,
  "as a JSON string": (text) => JSON.stringify({ level: 50, msg: text }),
  "in the address of a browser": (text) =>
    `https://localhost/?error=x&error_description=${encodeURIComponent(text).replaceAll("%20", "+")}&state=abc`,
  "quoted-printable": (text) => quotedPrintable(text),
  "in HTML": (text) =>
    `<p>${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll("'", "&#39;").replaceAll('"', "&quot;")}</p>`,
};

function quotedPrintable(text: string): string {
  const encoded = [...new TextEncoder().encode(text)]
    .map((byte) =>
      byte === 0x3d || byte > 0x7e || byte < 0x20
        ? `=${byte.toString(16).toUpperCase().padStart(2, "0")}`
        : String.fromCharCode(byte),
    )
    .join("");
  return encoded.replace(/(?:[^=]|=[0-9A-F]{2}){40}/g, "$&=\r\n");
}

describe("a verbatim text", () => {
  test.each(VERBATIM)("%p finds %p first", (text, id) => {
    expect(ids(text)[0]).toBe(id);
  });

  describe.each(Object.entries(NOISE))("%s", (_name, noisy) => {
    test.each(VERBATIM)("%p finds %p first", (text, id) => {
      expect(ids(noisy(text))[0]).toBe(id);
    });
  });
});

describe("an unrelated line", () => {
  test("is one of at least 50", () => {
    expect(new Set(UNRELATED).size).toBeGreaterThanOrEqual(50);
  });

  test.each(UNRELATED.map((line) => [line]))("%p finds nothing", (line) => {
    expect(ids(line)).toEqual([]);
  });

  test("finds nothing among all the others either", () => {
    expect(ids(UNRELATED.join("\n"))).toEqual([]);
  });
});

describe("a code", () => {
  const codes = CATALOGUE.flatMap(({ codes: own = [] }) => own).filter((code) => code.startsWith("AADSTS"));

  test("is found alone, in small letters, as a bare number, and in Microsoft's own JSON and links", () => {
    for (const code of codes) {
      const number = code.replace("AADSTS", "");
      const found = ids(code);
      expect(found).toHaveLength(1);
      expect(ids(` ${code.toLowerCase()}\n`)).toEqual(found);
      expect(ids(number)).toEqual(found);
      expect(ids(`{"error":"invalid_grant","error_codes":[${number}],"trace_id":"5b1a"}`)).toEqual(found);
      expect(ids(`see https://login.microsoftonline.com/error?code=${number}`)).toEqual(found);
    }
  });

  test("is not found inside other digits, letters or numbers that are no codes", () => {
    for (const code of codes) {
      const longer = codes.includes(`${code}0`) ? [] : [`${code}0`];
      for (const other of [...longer, `${code}99999`, `X${code}`, `${code}x`, `order ${code.replace("AADSTS", "")}`])
        expect([other, ids(`about ${other}, that is`)]).toEqual([other, []]);
    }
  });

  test("tells more than the protocol's error beside it", () => {
    expect(ids("invalid_grant: AADSTS50173: The provided grant has expired due to it being revoked")).toEqual([
      "AADSTS50173",
    ]);
  });
});

test("several troubles in one log are all found, codes first", () => {
  const log =
    "mbsync: PassCmd exited with status 77\nmailkey: error: AADSTS700082: expired\nmsmtp: cannot read output of 'x'";
  expect(ids(log)).toEqual(["AADSTS700082", "passcmd-77", "msmtp-no-output"]);
});

test("an entry is found by its own name", () => {
  for (const { id } of CATALOGUE) expect(ids(id)).toEqual([id]);
});

test("any bytes at all are survived", () => {
  assert(property(string({ unit: "binary" }), (text) => Array.isArray(explain(text))));
  for (const text of [
    "%",
    "%E0%A4",
    "=\n",
    "=E0",
    "\\u12",
    "&#9999999;",
    "\u001b[",
    "AADSTS",
    "a".repeat(300_000),
    "%41".repeat(90_000),
  ])
    expect(explain(text)).toEqual([]);
});
