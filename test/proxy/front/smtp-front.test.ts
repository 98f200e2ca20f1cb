import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import type { FrontOptions } from "../../../src/proxy/front/front.ts";
import { smtpFront } from "../../../src/proxy/front/smtp-front.ts";
import type { Refusal } from "../../../src/proxy/refusal.ts";
import { Conversation, OPTIONS, pieces, type Answers } from "./conversation.ts";
import { ANNA, PLAIN, SIZES, base64, disturbed, known, textsOf } from "./known.ts";

function begin(answers: Answers = {}, options: Partial<FrontOptions> = {}): Conversation {
  return new Conversation(smtpFront({ ...OPTIONS, ...options }), answers);
}

describe("SMTP before the login", () => {
  test("greets, and lists what the servers can do and how to log in", () => {
    const client = begin({ extensions: ["SIZE 35882577", "8BITMIME", "PIPELINING"] }, { tls: "offered" });
    expect(client.said).toBe("220 localhost ESMTP mailkey proxy\r\n");
    expect(client.send("EHLO scanner.lan\r\n")).toBe(
      [
        "250-localhost greets you",
        "250-SIZE 35882577",
        "250-8BITMIME",
        "250-PIPELINING",
        "250-AUTH PLAIN LOGIN",
        "250-AUTH=PLAIN LOGIN",
        "250 STARTTLS",
        "",
      ].join("\r\n"),
    );
  });

  test("hands on no extension about logins or TLS, and none that would not fit a line", () => {
    const extensions = [
      "AUTH XOAUTH2",
      "AUTH=XOAUTH2",
      "STARTTLS",
      "starttls",
      "X\r\n250 Y",
      "",
      "É",
      "X".repeat(500),
      "AUTHOR",
    ];
    expect(begin({ extensions }).send("EHLO a\r\n").split("\r\n")).toEqual([
      "250-localhost greets you",
      "250-AUTHOR",
      "250-AUTH PLAIN LOGIN",
      "250 AUTH=PLAIN LOGIN",
      "",
    ]);
  });

  test.each([
    ["HELO scanner\r\n", "250 localhost"],
    ["NOOP\r\n", "250 2.0.0"],
    ["noop whatever\r\n", "250 2.0.0"],
    ["RSET\r\n", "250 2.0.0"],
    ["HELP\r\n", "214 2.0.0"],
    ["VRFY anna\r\n", "252 2.0.0"],
    ["MAIL FROM:<anna@example.com>\r\n", "530 5.7.0"],
    ["RCPT TO:<bob@example.com>\r\n", "530 5.7.0"],
    ["DATA\r\n", "530 5.7.0"],
    ["EXPN all\r\n", "530 5.7.0"],
    ["WIZ\r\n", "500 5.5.1"],
    ["\r\n", "500 5.5.1"],
    ["\x01\xff\r\n", "500 5.5.1"],
    ["AUTH\r\n", "501 5.5.4"],
    ["AUTH PLAIN a b\r\n", "501 5.5.4"],
    ["AUTH XOAUTH2 AAAA\r\n", "504 5.5.4"],
    ["AUTH PLAIN not-base64\r\n", "501 5.5.2"],
    ["AUTH PLAIN =\r\n", "501 5.5.2"],
    ["AUTH PLAIN AAAA=\r\n", "501 5.5.2"],
    [`AUTH PLAIN ${base64("bob\0anna\0word")}\r\n`, "501 5.5.2"],
    [`AUTH PLAIN ${base64("\0an\r\nna\0word")}\r\n`, "501 5.5.2"],
    ["STARTTLS\r\n", "502 5.5.1"],
    ["STARTTLS now\r\n", "501 5.5.4"],
  ])("answers %j with %s, and goes on", (line, reply) => {
    const client = begin(known);
    const said = client.send(line);
    expect(said).toStartWith(reply);
    expect(said).toMatch(/^[ -~]+\r\n$/);
    expect(client.logins).toEqual([]);
    expect(client.send("NOOP\r\n")).toStartWith("250 ");
  });

  test("says goodbye to QUIT", () => {
    const client = begin();
    expect(client.send("QUIT\r\nNOOP\r\n")).toBe("221 2.0.0 bye\r\n");
    expect(client.end).toBe("leave");
  });

  test("ends the conversation at BDAT, whose data would be taken for commands", () => {
    const client = begin();
    expect(client.send(`BDAT 100 LAST\r\nAUTH PLAIN ${PLAIN}\r\n`)).toStartWith("530 5.7.0");
    expect(client.end).toBe("leave");
    expect(client.logins).toEqual([]);
  });
});

describe("an SMTP login", () => {
  const LOGINS: readonly (readonly [string, readonly string[], string])[] = [
    ["PLAIN with its initial response", [`AUTH PLAIN ${PLAIN}\r\n`], ""],
    ["PLAIN without", ["auth plain\r\n", `${PLAIN}\r\n`], "334 \r\n"],
    [
      "LOGIN",
      ["AUTH LOGIN\r\n", `${base64(ANNA.user)}\r\n`, `${base64(ANNA.password)}\r\n`],
      "334 VXNlcm5hbWU6\r\n334 UGFzc3dvcmQ6\r\n",
    ],
    [
      "LOGIN with the user at once",
      [`AUTH LOGIN ${base64(ANNA.user)}\r\n`, `${base64(ANNA.password)}\r\n`],
      "334 UGFzc3dvcmQ6\r\n",
    ],
  ];

  for (const greeting of ["", "HELO scanner.lan\r\n", "EHLO scanner.lan\r\n"])
    test.each(LOGINS)(`works by %s, after ${JSON.stringify(greeting)}`, (_name, lines, asked) => {
      const client = begin(known);
      client.send(greeting);
      expect(lines.map((line) => client.send(line)).join("")).toBe(`${asked}235 2.7.0 welcome\r\n`);
      const clientName = greeting === "" ? undefined : "scanner.lan";
      expect(client.logins).toEqual([{ ...ANNA, clientName }]);
      expect(client.end).toBe("pass");
      expect(client.rest).toBe("");
    });

  test("is told in the server's words, where it has any that can be said", () => {
    for (const [said, reply] of [
      ["Grüezi\r\n250 OK", "235 2.7.0 Gr?ezi 250 OK"],
      ["", "235 2.7.0 logged in"],
    ] as const)
      expect(begin({ said }).send(`AUTH PLAIN ${PLAIN}\r\n`)).toBe(`${reply}\r\n`);
  });

  test("leaves what follows it to the server, byte for byte", () => {
    const client = begin(known);
    const message = "MAIL FROM:<a@b>\r\nRCPT TO:<c@d>\nDATA\r\n\0\xff.\r\n";
    client.send(`EHLO x\r\nAUTH PLAIN ${PLAIN}\r\n${message}`);
    expect(client.rest).toBe(message);
  });

  test("that is refused leaves what follows it to the proxy", () => {
    const client = begin(known);
    const said = client.send(
      `AUTH PLAIN ${base64("\0anna\0wrong")}\r\nMAIL FROM:<a@b>\r\nAUTH PLAIN ${PLAIN}\r\nNOOP\r\n`,
    );
    expect(said.split("\r\n").map((line) => line.slice(0, 9))).toEqual(["535 5.7.8", "530 5.7.0", "235 2.7.0", ""]);
    expect(client.rest).toBe("NOOP\r\n");
  });

  test("can be cancelled", () => {
    const client = begin(known);
    for (const begun of ["AUTH PLAIN\r\n", "AUTH LOGIN\r\n", `AUTH LOGIN ${base64("anna")}\r\n`]) {
      client.send(begun);
      expect(client.send("*\r\n")).toStartWith("501 5.7.0");
      expect(client.send("NOOP\r\n")).toStartWith("250 ");
    }
  });

  test("takes no command for a response, nor the other way round", () => {
    const client = begin(known);
    client.send("AUTH LOGIN\r\n");
    expect(client.send("QUIT\r\nMAIL FROM:<a@b>\r\n")).toMatch(/^334 UGFzc3dvcmQ6\r\n501 5\.5\.2 [^\n]*\n$/);
    expect(client.end).toBeUndefined();
  });

  test("hands on what the client calls itself only when that is a name", () => {
    const names: Record<string, string | undefined> = {
      scanner: "scanner",
      "mail.example.com": "mail.example.com",
      "[127.0.0.1]": "[127.0.0.1]",
      "[IPv6:::1]": "[IPv6:::1]",
      "": undefined,
      "127.0.0.1": undefined,
      "a b": undefined,
      "a\rb": undefined,
      "-a": undefined,
      "a..b": undefined,
      my_pc: undefined,
      "b\xfccher": undefined,
      [`${"a".repeat(63)}.`.repeat(4)]: undefined,
      "[127.0.0.1]\x00": undefined,
    };
    for (const [name, clientName] of Object.entries(names)) {
      const client = begin(known);
      client.send(`EHLO ${name}\r\nAUTH PLAIN ${PLAIN}\r\n`);
      if (/[\0\r]/.test(name)) expect(client.end).toBe("leave");
      else expect(client.logins).toEqual([{ ...ANNA, clientName }]);
    }
  });

  const REFUSALS: readonly (readonly [Refusal, string])[] = [
    [{ kind: "password" }, "535 5.7.8 wrong user name or password\r\n"],
    [{ kind: "throttled", seconds: 30 }, "454 4.7.0 too many wrong passwords, try again in 30 s\r\n"],
    [{ kind: "sessions" }, "454 4.7.0 too many sessions at once, try again later\r\n"],
    [
      { kind: "needed", words: "sign in again", hint: "mailkey login a@b" },
      "535 5.7.8 sign in again: mailkey login a@b\r\n",
    ],
    [{ kind: "server", words: "no\r\n250 \u001b[31mmäil…" }, "535 5.7.8 no 250 [31mm?il...\r\n"],
  ];

  test.each(REFUSALS)("says why it comes to nothing: %j", (refusal, reply) => {
    const client = begin({ refusal: () => refusal });
    expect(client.send(`AUTH PLAIN ${PLAIN}\r\n`)).toBe(reply);
    expect(client.send("NOOP\r\n")).toStartWith("250 ");
  });

  test("says that the server cannot be reached, and ends", () => {
    const client = begin({ refusal: () => ({ kind: "unavailable", words: "no route to the server" }) });
    expect(client.send(`AUTH PLAIN ${PLAIN}\r\n`)).toBe("421 4.3.0 no route to the server\r\n");
    expect(client.end).toBe("leave");
  });

  test("says nothing that is longer than a reply may be", () => {
    const client = begin({ refusal: () => ({ kind: "server", words: "x".repeat(10_000) }) });
    expect(client.send(`AUTH PLAIN ${PLAIN}\r\n`).length).toBeLessThanOrEqual(512);
  });

  test("ends the conversation when it has failed too often", () => {
    const client = begin({ refusal: () => ({ kind: "password" }) });
    for (const _ of [1, 2]) client.send(`AUTH PLAIN ${PLAIN}\r\n`);
    expect(client.end).toBeUndefined();
    expect(client.send(`AUTH PLAIN ${PLAIN}\r\n`)).toStartWith("535 ");
    expect(client.end).toBe("leave");
  });

  test("gives away no password: what is remembered of it is a Secret", () => {
    const front = smtpFront(OPTIONS);
    front.next();
    front.push(Buffer.from(`AUTH PLAIN ${PLAIN}\r\n`));
    const step = front.next();
    expect(step?.kind).toBe("log-in");
    expect(JSON.stringify(step)).not.toContain(ANNA.password);
  });
});

describe("SMTP and TLS", () => {
  test("forget in TLS what was said before it", () => {
    const client = begin(known, { tls: "offered" });
    expect(client.send("EHLO before.example.com\r\nSTARTTLS\r\n")).toEndWith("220 2.0.0 start TLS now\r\n<TLS>");
    client.send(`AUTH PLAIN ${PLAIN}\r\n`);
    expect(client.logins).toEqual([{ ...ANNA, clientName: undefined }]);
  });

  test("offer TLS only once", () => {
    const client = begin({}, { tls: "offered" });
    client.send("STARTTLS\r\n");
    expect(client.send("EHLO a\r\n")).not.toContain("STARTTLS");
    expect(client.send("STARTTLS\r\n")).toStartWith("503 5.5.1");
  });

  test("let nobody log in without it where it is required", () => {
    const client = begin(known, { tls: "required" });
    const listed = client.send("EHLO a\r\n");
    expect(listed).toContain("STARTTLS");
    expect(listed).not.toContain("AUTH");
    for (const line of ["AUTH PLAIN\r\n", `AUTH PLAIN ${PLAIN}\r\n`, "AUTH LOGIN\r\n"])
      expect(client.send(line)).toStartWith("538 5.7.11");
    expect(client.send("MAIL FROM:<a@b>\r\n")).toStartWith("530 5.7.0 start TLS first");
    expect(client.logins).toEqual([]);
    client.send("STARTTLS\r\n");
    expect(client.send("EHLO a\r\n")).toContain("250-AUTH PLAIN LOGIN\r\n");
    expect(client.send(`AUTH PLAIN ${PLAIN}\r\n`)).toStartWith("235 ");
  });

  test("end the conversation when something follows STARTTLS in the clear", () => {
    for (const injected of ["RSET\r\n", `AUTH PLAIN ${PLAIN}\r\n`, "x", "\n", "\x16\x03\x01"]) {
      const client = begin(known, { tls: "offered" });
      expect(client.send(`STARTTLS\r\n${injected}`)).toStartWith("554 5.5.1");
      expect(client.end).toBe("leave");
      expect(client.logins).toEqual([]);
    }
  });

  test("keep nothing that came between STARTTLS and TLS", () => {
    const front = smtpFront({ ...OPTIONS, tls: "offered" });
    front.next();
    front.push(Buffer.from("STARTTLS\r\n"));
    expect(front.next()?.kind).toBe("secure");
    front.push(Buffer.from(`AUTH PLAIN ${PLAIN}\r\n`));
    expect(front.next()).toBeUndefined();
    front.secured();
    expect(front.next()).toBeUndefined();
    expect(front.takeRest()).toHaveLength(0);
  });
});

describe("SMTP in a tunnel", () => {
  const given = (answers?: Answers) => begin(answers, { login: "given" });
  const NOBODY = { user: undefined, password: undefined };

  test("lists what the server can do, and no login", () => {
    expect(given({ extensions: ["SIZE 1000", "CHUNKING"] }).send("EHLO a.example\r\n")).toBe(
      "250-localhost greets you\r\n250-SIZE 1000\r\n250 CHUNKING\r\n",
    );
  });

  test.each([
    ["MAIL FROM:<a@b>\r\n", "MAIL FROM:<a@b>\r\n"],
    ["mail from:<\xe9@b>  \r\n", "mail from:<\xe9@b>  \r\n"],
    ["BDAT 4 LAST\r\n\r\n\r\n", "BDAT 4 LAST\r\n\r\n\r\n"],
    ["XCLIENT a\r\nNOOP\r\n", "XCLIENT a\r\nNOOP\r\n"],
  ])("hands on the first command that is the server's: %j", (sent, rest) => {
    const client = given();
    client.send("EHLO a.example\r\n");
    expect(client.send(sent)).toBe("");
    expect(client.logins).toEqual([{ ...NOBODY, clientName: "a.example" }]);
    expect(client.rest).toBe(rest);
  });

  test.each([
    "AUTH PLAIN AAAA\r\n",
    "AUTH PLAIN =\r\n",
    "AUTH XOAUTH2 whatever\r\n",
    "AUTH EXTERNAL\r\n=\r\n",
    `AUTH PLAIN ${PLAIN}\r\n`,
  ])("takes any login: %j", (sent) => {
    const client = given();
    expect(client.send(sent)).toEndWith("235 2.7.0 welcome\r\n");
    expect(client.logins).toEqual([{ ...NOBODY, clientName: undefined }]);
    expect(client.end).toBe("pass");
  });

  test("says why there is no server, whatever was asked for", () => {
    const client = given({ refusal: () => ({ kind: "needed", words: "sign in again", hint: "mailkey login a@b" }) });
    expect(client.send("MAIL FROM:<a@b>\r\n")).toBe("535 5.7.8 sign in again: mailkey login a@b\r\n");
  });
});

describe("hostile bytes in SMTP", () => {
  test("a bare CR or LF ends the conversation, and nothing behind it is a command", () => {
    for (const line of ["EHLO a\nAUTH PLAIN", "EHLO a\rAUTH PLAIN", "NOOP\n", "\n", "NOOP\r\r\n", "EHLO a\r\0\n"]) {
      const client = begin(known);
      expect(client.send(`${line} ${PLAIN}\r\nAUTH PLAIN ${PLAIN}\r\n`)).toBe("500 5.5.2 lines end with CR LF\r\n");
      expect(client.end).toBe("leave");
      expect(client.logins).toEqual([]);
    }
  });

  test("a bare LF within a response ends it as well", () => {
    const client = begin(known);
    client.send("AUTH PLAIN\r\n");
    expect(client.send(`${PLAIN}\nMAIL FROM:<a@b>\r\n`)).toStartWith("500 5.5.2");
    expect(client.logins).toEqual([]);
    expect(client.rest).toBe("");
  });

  test("a line may have the length that is allowed, and not a byte more, ended or not", () => {
    const longest = "NOOP ".padEnd(OPTIONS.limits.lineBytes - 2, "x");
    expect(begin().send(`${longest}\r\n`)).toStartWith("250 ");
    for (const line of [`${longest}x\r\n`, `${longest}xxx`]) {
      const client = begin();
      expect(client.send(line)).toBe("500 5.5.2 the line is too long\r\n");
      expect(client.end).toBe("leave");
    }
  });

  test("commands are counted, the wrong ones too", () => {
    const client = begin();
    expect(client.send("X\r\nNOOP\r\n".repeat(10))).not.toContain("421");
    expect(client.send("NOOP\r\n")).toStartWith("421 4.7.0");
    expect(client.end).toBe("leave");
  });

  test("what comes while a login is under way is kept to a bound, and then nothing of it is handed on", () => {
    const front = smtpFront(OPTIONS);
    front.next();
    front.push(Buffer.from(`AUTH PLAIN ${PLAIN}\r\n`));
    expect(front.next()?.kind).toBe("log-in");
    for (let count = 0; count < 100; count++) front.push(Buffer.alloc(64 * 1024, "x"));
    expect(front.next()).toBeUndefined();
    front.accepted({ said: "welcome", capabilities: undefined, extensions: [] });
    expect(front.next()).toEqual({ kind: "leave", text: "421 4.7.0 too much at once\r\n" });
    expect(front.takeRest().length).toBeLessThanOrEqual(256 * 1024);
  });
});

describe("any SMTP conversation", () => {
  const TEXTS = textsOf([
    "EHLO a.example",
    "HELO b",
    "AUTH PLAIN",
    `AUTH PLAIN ${PLAIN}`,
    "AUTH LOGIN",
    `AUTH LOGIN ${base64(ANNA.user)}`,
    base64(ANNA.password),
    PLAIN,
    "*",
    "MAIL FROM:<a@b>",
    "STARTTLS",
    "NOOP",
    "QUIT",
    "BDAT 3",
    "",
  ]);
  const MODES = fc.record({
    tls: fc.constantFrom("absent" as const, "on" as const, "required" as const),
    login: fc.constantFrom("password" as const, "given" as const),
  });

  test("goes the same way however its bytes are cut", () => {
    const answers = { ...known, extensions: ["SIZE 1000"] };
    fc.assert(
      // Where TLS can begin, cutting decides what came before it.
      fc.property(TEXTS, SIZES, MODES, (text, sizes, mode) => {
        fc.pre(mode.tls !== "required" || !text.includes("STARTTLS"));
        const whole = begin(answers, mode);
        whole.send(text);
        const cut = begin(answers, mode);
        for (const piece of pieces(text, sizes)) cut.send(piece);
        expect(cut.outcome).toEqual(whole.outcome);
      }),
      { numRuns: 300 },
    );
  });

  test("has replies of SMTP only, whatever is sent", () => {
    fc.assert(
      fc.property(disturbed(TEXTS), (texts) => {
        const client = begin(known, { tls: "offered" });
        for (const text of texts) client.send(text);
        for (const said of client.steps)
          if (said !== "<TLS>") expect(said).toMatch(/^(?:[2-5][0-9]{2}-[ -~]+\r\n)*[2-5][0-9]{2} [ -~]*\r\n$/);
      }),
    );
  });
});
