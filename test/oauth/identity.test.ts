import { describe, expect, test } from "bun:test";
import { identityOf, isIdentityOf } from "../../src/oauth/identity.ts";

describe("who signed in", () => {
  test.each([
    [
      "preferred_username",
      { preferred_username: "a@example.com", email: "b@example.com" },
      ["a@example.com", "b@example.com"],
    ],
    ["e-mail", { email: "b@example.com" }, ["b@example.com"]],
    ["upn", { upn: "u@corp.example" }, ["u@corp.example"]],
    [
      "aliases of Microsoft's",
      { verified_secondary_email: ["x@outlook.com", "y@outlook.com"] },
      ["x@outlook.com", "y@outlook.com"],
    ],
    [
      "an e-mail where the user name is a telephone number",
      { preferred_username: "+49301234", email: "t@live.com" },
      ["t@live.com"],
    ],
  ])("is told by %s", (_title, claims, addresses) => {
    expect(identityOf(claims)?.addresses as readonly string[]).toEqual(addresses);
  });

  test.each([[undefined], [{}], [{ sub: "1", preferred_username: "+49301234" }], [{ email: 7 }], [{ email: "a b@c" }]])(
    "stays unknown for %p",
    (claims) => {
      expect(identityOf(claims)).toBeUndefined();
    },
  );

  test("is one harmless line", () => {
    expect(identityOf({ email: "a\u001b[31mb@example.com" })?.addresses).toEqual(["a [31mb@example.com"]);
  });
});

describe("the comparison with the address asked for", () => {
  test.each([
    ["me@hotmail.com", "Me@Hotmail.com", true],
    ["me@hotmail.com", "you@hotmail.com", false],
    ["me@hotmail.com", "me@outlook.com", false],
    ["first.last@gmail.com", "FirstLast@googlemail.com", true],
    ["me+tag@gmail.com", "me@gmail.com", true],
    ["first.last@outlook.com", "firstlast@outlook.com", false],
    ["me+tag@outlook.com", "me@outlook.com", false],
    ["me@bücher.example", "me@xn--bcher-kva.example", true],
  ])("of %s with %s says %p", (claimed, asked, same) => {
    const identity = identityOf({ email: claimed });
    expect(identity !== undefined && isIdentityOf(identity, asked)).toBe(same);
  });

  test("is content with any of several addresses", () => {
    const identity = identityOf({ preferred_username: "main@outlook.com", email: "alias@outlook.com" });
    expect(identity !== undefined && isIdentityOf(identity, "alias@outlook.com")).toBe(true);
  });
});
