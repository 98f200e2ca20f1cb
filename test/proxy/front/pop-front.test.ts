import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { FrontOptions } from "../../../src/proxy/front/front.ts";
import { popFront } from "../../../src/proxy/front/pop-front.ts";
import type { Refusal } from "../../../src/proxy/refusal.ts";
import { Conversation, OPTIONS, pieces, type Answers } from "./conversation.ts";
import { ANNA, PLAIN, SIZES, base64, disturbed, known, textsOf } from "./known.ts";

function begin(answers: Answers = {}, options: Partial<FrontOptions> = {}): Conversation {
  return new Conversation(popFront({ ...OPTIONS, ...options }), answers);
}

describe("POP3 before the login", () => {
  test("greets without a time stamp, so that nobody tries APOP", () => {
    expect(begin().said).toBe("+OK mailkey proxy ready\r\n");
  });

  test("lists what the servers can do and how to log in", () => {
    const extensions = [
      "PIPELINING",
      "EXPIRE NEVER",
      "TOP",
      "SASL XOAUTH2",
      "stls",
      "UTF8 USER",
      "LANG",
      "IMPLEMENTATION x",
    ];
    expect(begin({ extensions }, { tls: "offered" }).send("CAPA\r\n")).toBe(
      [
        "+OK capabilities follow",
        "TOP",
        "UIDL",
        "RESP-CODES",
        "AUTH-RESP-CODE",
        "USER",
        "SASL PLAIN LOGIN",
        "STLS",
        "PIPELINING",
        "EXPIRE NEVER",
        "IMPLEMENTATION mailkey-proxy",
        ".",
        "",
      ].join("\r\n"),
    );
  });

  test("hands on no extension that would end the list, or the line", () => {
    const extensions = ["X\r\n.", ".\r\n", "", "É", "X".repeat(500)];
    expect(begin({ extensions }).send("CAPA\r\n")).toBe(begin().send("CAPA\r\n"));
  });

  test("lists the mechanisms for AUTH alone", () => {
    expect(begin().send("AUTH\r\n")).toBe("+OK\r\nPLAIN\r\nLOGIN\r\n.\r\n");
  });

  test.each([
    "STAT\r\n",
    "LIST\r\n",
    "RETR 1\r\n",
    "NOOP\r\n",
    "UTF8\r\n",
    "APOP anna 0123\r\n",
    "XYZZY\r\n",
    "\r\n",
    "\x01\xff\r\n",
    "PASS correct horse\r\n",
    "USER\r\n",
    "USER  \r\n",
    "USER an\x07na\r\n",
    "AUTH XOAUTH2 AAAA\r\n",
    "AUTH PLAIN not-base64\r\n",
    "AUTH PLAIN =\r\n",
    "AUTH PLAIN a b\r\n",
    `AUTH PLAIN ${base64("bob\0anna\0word")}\r\n`,
    "STLS\r\n",
    "STLS now\r\n",
  ])("refuses %j, and goes on", (line) => {
    const client = begin(known);
    expect(client.send(line)).toMatch(/^-ERR [ -~]+\r\n$/);
    expect(client.logins).toEqual([]);
    expect(client.send("CAPA\r\n")).toStartWith("+OK");
  });

  test("says goodbye to QUIT", () => {
    const client = begin();
    expect(client.send("QUIT\r\nCAPA\r\n")).toBe("+OK bye\r\n");
    expect(client.end).toBe("leave");
  });
});

describe("a POP3 login", () => {
  test.each([
    ["USER and PASS", [`USER ${ANNA.user}\r\n`, `PASS ${ANNA.password}\r\n`], "+OK now the password\r\n"],
    ["the same in small letters", [`user ${ANNA.user} \r\n`, `pass ${ANNA.password}\r\n`], "+OK now the password\r\n"],
    ["PLAIN with its initial response", [`AUTH PLAIN ${PLAIN}\r\n`], ""],
    ["PLAIN without", ["AUTH PLAIN\r\n", `${PLAIN}\r\n`], "+ \r\n"],
    [
      "LOGIN",
      ["AUTH LOGIN\r\n", `${base64(ANNA.user)}\r\n`, `${base64(ANNA.password)}\r\n`],
      "+ VXNlcm5hbWU6\r\n+ UGFzc3dvcmQ6\r\n",
    ],
    [
      "LOGIN with the user at once",
      [`AUTH LOGIN ${base64(ANNA.user)}\r\n`, `${base64(ANNA.password)}\r\n`],
      "+ UGFzc3dvcmQ6\r\n",
    ],
  ] as const)("works by %s", (_name, lines, asked) => {
    const client = begin(known);
    expect(lines.map((line) => client.send(line)).join("")).toBe(`${asked}+OK welcome\r\n`);
    expect(client.logins).toEqual([ANNA]);
    expect(client.end).toBe("pass");
    expect(client.rest).toBe("");
  });

  test("takes all of PASS for the password, spaces and all", () => {
    for (const password of ["", " ", " two  words ", "=", "*", "péter", "\t"]) {
      const client = begin();
      client.send(`USER anna\r\nPASS ${Buffer.from(password, "utf8").toString("latin1")}\r\n`);
      expect(client.logins).toEqual([{ user: "anna", password, clientName: undefined }]);
    }
  });

  test("takes a password that is not UTF-8 for a wrong one", () => {
    const client = begin();
    client.send("USER anna\r\nPASS p\xe9ter\r\n");
    expect(client.logins).toEqual([{ user: "anna", password: "p\ufffdter", clientName: undefined }]);
  });

  test("is told in the server's words, where it has any that can be said", () => {
    for (const [said, reply] of [
      ["Grüezi\r\n.", "+OK Gr?ezi ."],
      ["", "+OK logged in"],
    ] as const)
      expect(begin({ said }).send(`AUTH PLAIN ${PLAIN}\r\n`)).toBe(`${reply}\r\n`);
  });

  test("leaves what follows it to the server, byte for byte", () => {
    const client = begin(known);
    client.send(`USER ${ANNA.user}\r\nPASS ${ANNA.password}\r\nSTAT\r\nUIDL\n\0\xff`);
    expect(client.rest).toBe("STAT\r\nUIDL\n\0\xff");
  });

  test("that is refused leaves what follows it to the proxy, and forgets the user", () => {
    const client = begin(known);
    expect(client.send(`USER ${ANNA.user}\r\nPASS wrong\r\nSTAT\r\nPASS ${ANNA.password}\r\n`)).toBe(
      [
        "+OK now the password",
        "-ERR [AUTH] wrong user name or password",
        "-ERR log in first (USER and PASS, or AUTH)",
        "-ERR USER comes first",
        "",
      ].join("\r\n"),
    );
    expect(client.logins).toHaveLength(1);
  });

  test("can be cancelled", () => {
    const client = begin(known);
    for (const begun of ["AUTH PLAIN\r\n", "AUTH LOGIN\r\n", `AUTH LOGIN ${base64("anna")}\r\n`]) {
      client.send(begun);
      expect(client.send("*\r\n")).toBe("-ERR cancelled\r\n");
      expect(client.send("CAPA\r\n")).toStartWith("+OK");
    }
  });

  const REFUSALS: readonly (readonly [Refusal, string])[] = [
    [{ kind: "password" }, "-ERR [AUTH] wrong user name or password\r\n"],
    [{ kind: "throttled", seconds: 30 }, "-ERR [LOGIN-DELAY] too many wrong passwords, try again in 30 s\r\n"],
    [{ kind: "sessions" }, "-ERR [SYS/TEMP] too many sessions at once, try again later\r\n"],
    [
      { kind: "needed", words: "sign in again", hint: "mailkey login a@b" },
      "-ERR [SYS/PERM] sign in again: mailkey login a@b\r\n",
    ],
    [{ kind: "server", words: "no\r\n+OK \u001b[31mmäil…" }, "-ERR [SYS/PERM] no +OK [31mm?il...\r\n"],
  ];

  test.each(REFUSALS)("says why it comes to nothing: %j", (refusal, reply) => {
    const client = begin({ refusal: () => refusal });
    expect(client.send(`AUTH PLAIN ${PLAIN}\r\n`)).toBe(reply);
    expect(client.send("CAPA\r\n")).toStartWith("+OK");
  });

  test("says that the server cannot be reached, and ends", () => {
    const client = begin({ refusal: () => ({ kind: "unavailable", words: "no route to the server" }) });
    expect(client.send(`AUTH PLAIN ${PLAIN}\r\n`)).toBe("-ERR [SYS/TEMP] no route to the server\r\n");
    expect(client.end).toBe("leave");
  });

  test("ends the conversation when it has failed too often", () => {
    const client = begin({ refusal: () => ({ kind: "password" }) });
    for (const _ of [1, 2]) client.send(`USER anna\r\nPASS x\r\n`);
    expect(client.end).toBeUndefined();
    expect(client.send(`USER anna\r\nPASS x\r\n`)).toEndWith("-ERR [AUTH] wrong user name or password\r\n");
    expect(client.end).toBe("leave");
  });
});

describe("POP3 and TLS", () => {
  test("forget in TLS who was named before it", () => {
    const client = begin(known, { tls: "offered" });
    expect(client.send(`USER ${ANNA.user}\r\nSTLS\r\n`)).toEndWith("+OK start TLS now\r\n<TLS>");
    expect(client.send(`PASS ${ANNA.password}\r\n`)).toBe("-ERR USER comes first\r\n");
    expect(client.send("CAPA\r\n")).not.toContain("STLS");
    expect(client.send("STLS\r\n")).toBe("-ERR TLS has begun already\r\n");
  });

  test("let nobody log in without it where it is required", () => {
    const client = begin(known, { tls: "required" });
    const listed = client.send("CAPA\r\n");
    expect(listed).toContain("\r\nSTLS\r\n");
    expect(listed).not.toMatch(/USER|SASL/);
    for (const line of [
      `USER ${ANNA.user}\r\n`,
      `PASS ${ANNA.password}\r\n`,
      "AUTH\r\n",
      "AUTH PLAIN\r\n",
      `AUTH PLAIN ${PLAIN}\r\n`,
    ])
      expect(client.send(line)).toBe("-ERR start TLS first (STLS)\r\n");
    expect(client.logins).toEqual([]);
    client.send("STLS\r\n");
    // The user of before must not count.
    expect(client.send(`PASS ${ANNA.password}\r\n`)).toBe("-ERR USER comes first\r\n");
    expect(client.send(`USER ${ANNA.user}\r\nPASS ${ANNA.password}\r\n`)).toEndWith("+OK welcome\r\n");
  });

  test("end the conversation when something follows STLS in the clear", () => {
    for (const injected of ["CAPA\r\n", `AUTH PLAIN ${PLAIN}\r\n`, "x", "\x16\x03\x01"]) {
      const client = begin(known, { tls: "offered" });
      expect(client.send(`STLS\r\n${injected}`)).toBe("-ERR nothing may follow STLS before TLS\r\n");
      expect(client.end).toBe("leave");
    }
  });
});

describe("POP3 in a tunnel", () => {
  const given = (answers?: Answers) => begin(answers, { login: "given" });
  const NOBODY = [{ user: undefined, password: undefined, clientName: undefined }];

  test("takes any login", () => {
    for (const login of [
      "USER x\r\nPASS y\r\n",
      "PASS\r\n",
      "AUTH PLAIN AAAA\r\n",
      "AUTH XOAUTH2 x\r\n",
      "AUTH LOGIN\r\n\r\n\r\n",
    ]) {
      const client = given();
      expect(client.send(login)).toEndWith("+OK welcome\r\n");
      expect(client.logins).toEqual(NOBODY);
      expect(client.end).toBe("pass");
    }
  });

  test("offers what its clients insist on, though it needs none of it", () => {
    expect(given().send("CAPA\r\n")).toContain("\r\nUSER\r\nSASL PLAIN LOGIN\r\n");
  });

  test("hands on the first command that is the server's", () => {
    for (const line of ["STAT\r\n", "list \r\nQUIT\r\n", "XYZZY\xe9\r\n"]) {
      const client = given();
      expect(client.send(line)).toBe("");
      expect(client.logins).toEqual(NOBODY);
      expect(client.rest).toBe(line);
    }
  });
});

describe("hostile bytes in POP3", () => {
  test("a bare CR or LF ends the conversation, and nothing behind it is a command", () => {
    for (const text of ["USER a\nPASS b\r\n", "USER a\rPASS b\r\n", "\n", "CAPA\r\r\n"]) {
      const client = begin();
      expect(client.send(`${text}AUTH PLAIN ${PLAIN}\r\n`)).toBe("-ERR lines end with CR LF\r\n");
      expect(client.end).toBe("leave");
      expect(client.logins).toEqual([]);
    }
  });

  test("a password with a bare LF is no password, and what follows it no command of the server's", () => {
    const client = begin(known);
    client.send(`USER ${ANNA.user}\r\nPASS ${ANNA.password}\nDELE 1\r\n`);
    expect(client.logins).toEqual([]);
    expect(client.rest).toBe("");
  });

  test("endless lines and endless commands end the conversation", () => {
    for (const text of ["x".repeat(1001), "NOOP\r\n".repeat(21)]) {
      const client = begin();
      expect(client.send(text)).toMatch(/-ERR [^\n]*too (?:long|many)[^\n]*\r\n$/);
      expect(client.end).toBe("leave");
    }
  });
});

describe("any POP3 conversation", () => {
  const TEXTS = textsOf([
    "CAPA",
    "AUTH",
    "AUTH PLAIN",
    `AUTH PLAIN ${PLAIN}`,
    "AUTH LOGIN",
    base64(ANNA.user),
    base64(ANNA.password),
    "*",
    `USER ${ANNA.user}`,
    `PASS ${ANNA.password}`,
    "PASS wrong",
    "STLS",
    "STAT",
    "QUIT",
    "",
  ]);
  const MODES = fc.record({
    tls: fc.constantFrom("absent" as const, "on" as const),
    login: fc.constantFrom("password" as const, "given" as const),
  });

  test("goes the same way however its bytes are cut", () => {
    fc.assert(
      fc.property(TEXTS, SIZES, MODES, (text, sizes, mode) => {
        const whole = begin(known, mode);
        whole.send(text);
        const cut = begin(known, mode);
        for (const piece of pieces(text, sizes)) cut.send(piece);
        expect(cut.outcome).toEqual(whole.outcome);
      }),
      { numRuns: 300 },
    );
  });

  test("has replies of POP3 only, whatever is sent", () => {
    fc.assert(
      fc.property(disturbed(TEXTS), (texts) => {
        const client = begin(known, { tls: "offered" });
        for (const text of texts) client.send(text);
        for (const said of client.steps)
          if (said !== "<TLS>") expect(said).toMatch(/^(?:\+OK|-ERR|\+ )[ -~]*\r\n(?:(?:[!-~][ -~]*\r\n)*\.\r\n)?$/);
      }),
    );
  });
});
