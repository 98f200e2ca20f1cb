import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { MAX_AHEAD_BYTES, type FrontOptions, type Step } from "../../../src/proxy/front/front.ts";
import { ImapFront } from "../../../src/proxy/front/imap-front.ts";
import type { Refusal } from "../../../src/proxy/refusal.ts";
import { Conversation, OPTIONS, pieces, type Answers } from "./conversation.ts";
import { ANNA, PLAIN, SIZES, base64, known } from "./known.ts";

function begin(answers: Answers = {}, options: Partial<FrontOptions> = {}): Conversation {
  return new Conversation(new ImapFront({ ...OPTIONS, ...options }), answers);
}

const LOGIN = `LOGIN ${ANNA.user} "${ANNA.password}"`;

const always = (refusal: Refusal): Answers => ({ refusal: () => refusal });

describe("IMAP before the login", () => {
  test("greets with what can be done, and lists it when asked", () => {
    for (const [tls, list] of [
      ["absent", "IMAP4rev1 SASL-IR ID AUTH=PLAIN AUTH=LOGIN"],
      ["offered", "IMAP4rev1 SASL-IR ID STARTTLS AUTH=PLAIN AUTH=LOGIN"],
      ["required", "IMAP4rev1 SASL-IR ID STARTTLS LOGINDISABLED"],
      ["on", "IMAP4rev1 SASL-IR ID AUTH=PLAIN AUTH=LOGIN"],
    ] as const) {
      const client = begin({}, { tls });
      expect(client.said).toBe(`* OK [CAPABILITY ${list}] mailkey proxy ready\r\n`);
      expect(client.send("a CAPABILITY\r\n")).toBe(`* CAPABILITY ${list}\r\na OK done\r\n`);
    }
  });

  test("lists besides what the servers can do, whatever they list, and asks for that once", () => {
    const extensions = [
      "IDLE",
      "imap4REV1",
      "ID",
      "AUTH=XOAUTH2",
      "STARTTLS",
      "LITERAL+",
      "SASL-IR",
      "B]",
      "C\r\nD",
      "",
    ];
    const client = begin({ extensions }, { tls: "offered" });
    expect(client.said).not.toContain("IDLE");
    const list = "* CAPABILITY IMAP4rev1 SASL-IR ID STARTTLS AUTH=PLAIN AUTH=LOGIN IDLE LITERAL+\r\n";
    expect(client.send("a CAPABILITY\r\nb CAPABILITY\r\n")).toBe(`${list}a OK done\r\n${list}b OK done\r\n`);
    expect(client.learned).toBe(1);
  });

  test("does nothing, says who it is, and says goodbye when told to", () => {
    const client = begin();
    expect(client.send("a NOOP\r\n")).toBe("a OK done\r\n");
    expect(client.send('b ID ("name" "Thunderbird" "version" NIL)\r\n')).toBe(
      '* ID ("name" "mailkey proxy")\r\nb OK done\r\n',
    );
    expect(client.send("c LOGOUT\r\n")).toBe("* BYE goodbye\r\nc OK done\r\n");
    expect(client.end).toBe("leave");
  });

  test("refuses what needs a login, and what is no command, and goes on", () => {
    const client = begin();
    expect(client.send("a SELECT INBOX\r\n")).toBe("a BAD unknown, or not before the login\r\n");
    expect(client.send("\r\n")).toBe("* BAD a command begins with a tag\r\n");
    expect(client.send("b NOOP\r\n")).toBe("b OK done\r\n");
  });

  test("ends a conversation of commands that lead nowhere", () => {
    const client = begin({}, { limits: { ...OPTIONS.limits, commands: 3 } });
    for (const text of ["a NOOP\r\n", "nonsense\r\n", "b NOOP\r\n"]) client.send(text);
    expect(client.end).toBeUndefined();
    expect(client.send("c NOOP\r\n")).toBe("* BYE too many commands without a login\r\n");
    expect(client.end).toBe("leave");
  });

  test("ends with a line that does not end", () => {
    const client = begin();
    expect(client.send("x".repeat(OPTIONS.limits.lineBytes + 1))).toBe("* BYE a line is longer than 1000 bytes\r\n");
    expect(client.end).toBe("leave");
  });

  test("says why it ends, whatever the reason", () => {
    const front = new ImapFront(OPTIONS);
    for (const reason of ["time", "sessions", "stopping", "upstream", "bug"] as const)
      expect(front.farewell(reason)).toMatch(/^\* BYE \[(?:UNAVAILABLE|LIMIT|SERVERBUG)\] [ -~]+\r\n$/);
  });
});

describe("an IMAP client logs in", () => {
  for (const [how, text] of [
    ["by LOGIN", `a ${LOGIN}\r\n`],
    [
      "by LOGIN with literals that it announces and sends at once",
      `a LOGIN {16+}\r\n${ANNA.user} {13+}\r\n${ANNA.password}\r\n`,
    ],
    ["by PLAIN with its initial response", `a AUTHENTICATE PLAIN ${PLAIN}\r\n`],
    ["by PLAIN as who it is", `a AUTHENTICATE PLAIN ${base64(`${ANNA.user}\0${ANNA.user}\0${ANNA.password}`)}\r\n`],
    [
      "by LOGIN with the user name as initial response",
      `a AUTHENTICATE LOGIN ${base64(ANNA.user)}\r\n${base64(ANNA.password)}\r\n`,
    ],
  ] as const)
    test(how, () => {
      const client = begin(known);
      client.send(text);
      expect(client.logins).toEqual([ANNA]);
      expect(client.said).toEndWith("a OK welcome\r\n");
      expect(client.end).toBe("pass");
    });

  test("by PLAIN and LOGIN, asked for each response", () => {
    const plain = begin(known);
    expect(plain.send("a AUTHENTICATE plain\r\n")).toBe("+ \r\n");
    expect(plain.send(`${PLAIN}\r\n`)).toBe("a OK welcome\r\n");
    const login = begin(known);
    expect(login.send("a AUTHENTICATE LOGIN\r\n")).toBe("+ VXNlcm5hbWU6\r\n");
    expect(login.send(`${base64(ANNA.user)}\r\n`)).toBe("+ UGFzc3dvcmQ6\r\n");
    expect(login.send(`${base64(ANNA.password)}\r\n`)).toBe("a OK welcome\r\n");
    expect([...plain.logins, ...login.logins]).toEqual([ANNA, ANNA]);
  });

  test("by LOGIN with literals, asked for each", () => {
    const client = begin(known);
    expect(client.send("a LOGIN {16}\r\n")).toBe("+ go on\r\n");
    expect(client.send(`${ANNA.user} {13}\r\n`)).toBe("+ go on\r\n");
    expect(client.send(`${ANNA.password}\r\n`)).toBe("a OK welcome\r\n");
    expect(client.logins).toEqual([ANNA]);
  });

  test("and is told what its server can do, but for what is the proxy's own matter", () => {
    const capabilities =
      "IMAP4rev1 STARTTLS LOGINDISABLED AUTH=XOAUTH2 auth=plain SASL-IR IDLE UNAUTHENTICATE LITERAL+ ID";
    const client = begin({ capabilities: capabilities.split(" "), said: "Logged in" });
    expect(client.send(`a ${LOGIN}\r\n`)).toBe("a OK [CAPABILITY IMAP4rev1 IDLE LITERAL+ ID] Logged in\r\n");
  });

  test("and gets one line of ASCII, whatever the server said and listed", () => {
    const hostile = begin({
      said: "J\u00fcrgen\r\n* BYE \u001b[2J",
      capabilities: ["A", "B]\r\n* BYE", "C D", "\u20ac", ""],
    });
    expect(hostile.send(`a ${LOGIN}\r\n`)).toBe("a OK [CAPABILITY A] J?rgen * BYE [2J\r\n");
    expect(begin({ said: "", capabilities: [] }).send(`a ${LOGIN}\r\n`)).toBe("a OK logged in\r\n");
  });

  test("and what it has sent behind that goes to the server, to the byte", () => {
    const rest = "b SELECT INBOX\r\nc APPEND x {3}\r\n\0\xff";
    for (const login of [LOGIN, `AUTHENTICATE PLAIN ${PLAIN}`, `AUTHENTICATE PLAIN\r\n${PLAIN}`]) {
      const client = begin(known);
      client.send(`a ${login}\r\n${rest}`);
      expect(client.rest).toBe(rest);
    }
  });

  test("and what it has sent behind a login that fails is read as commands", () => {
    const client = begin(known);
    expect(client.send(`a LOGIN anna x\r\nb NOOP\r\nc ${LOGIN}\r\nd NOOP\r\n`)).toBe(
      "a NO [AUTHENTICATIONFAILED] wrong user name or password\r\nb OK done\r\nc OK welcome\r\n",
    );
    expect(client.rest).toBe("d NOOP\r\n");
  });
});

describe("an IMAP login comes to nothing", () => {
  for (const [what, text, answer] of [
    ["cancelled", "AUTHENTICATE PLAIN\r\n*", "+ \r\na BAD as you wish"],
    ["no base64", "AUTHENTICATE PLAIN\r\nAGFub===", "+ \r\na BAD that is not base64"],
    ["no base64 at once", "AUTHENTICATE PLAIN !", "a BAD that is not base64"],
    ["an empty initial response", "AUTHENTICATE PLAIN =", "a BAD that is no message of PLAIN"],
    [
      "for another user",
      `AUTHENTICATE PLAIN ${base64("boss\0anna\0x")}`,
      "a BAD nobody may act for another (authorization identity)",
    ],
    ["no user", 'LOGIN "" x', "a BAD that is no user name"],
    ["control characters", "LOGIN {4+}\r\nan\x1ba x", "a BAD that is no user name"],
    ["another mechanism", "AUTHENTICATE XOAUTH2 AAAA", "a NO no such mechanism, use PLAIN or LOGIN"],
  ] as const)
    test(`${what}; the next one may succeed`, () => {
      const client = begin(known);
      expect(client.send(`a ${text}\r\n`)).toBe(`${answer}\r\n`);
      expect(client.logins).toEqual([]);
      expect(client.send(`b ${LOGIN}\r\n`)).toBe("b OK welcome\r\n");
    });

  test("with the code that clients know for it", () => {
    for (const [refusal, words] of [
      [{ kind: "password" }, "[AUTHENTICATIONFAILED] wrong user name or password"],
      [{ kind: "throttled", seconds: 7 }, "[LIMIT] too many wrong passwords, try again in 7 s"],
      [{ kind: "sessions" }, "[LIMIT] too many sessions at once, try again later"],
      [
        { kind: "needed", words: "nobody is signed in", hint: "mailkey login anna@example.com" },
        "[ALERT] nobody is signed in: mailkey login anna@example.com",
      ],
      [{ kind: "server", words: "refused\r\nb OK \u20ac" }, "[AUTHORIZATIONFAILED] refused b OK ?"],
    ] as const) {
      const client = begin(always(refusal));
      expect(client.send(`a ${LOGIN}\r\n`)).toBe(`a NO ${words}\r\n`);
      expect(client.send("b NOOP\r\n")).toBe("b OK done\r\n");
    }
  });

  test("and the conversation ends where it cannot come to anything", () => {
    const client = begin(always({ kind: "unavailable", words: "imap.example.com is silent" }));
    expect(client.send(`a ${LOGIN}\r\nb NOOP\r\n`)).toBe(
      "a NO [UNAVAILABLE] imap.example.com is silent\r\n* BYE [UNAVAILABLE] try again later\r\n",
    );
    expect(client.end).toBe("leave");
  });

  test("and the conversation ends after too many of them", () => {
    const client = begin(known);
    for (const tag of ["a", "b"]) client.send(`${tag} LOGIN anna x\r\n`);
    expect(client.end).toBeUndefined();
    expect(client.send("c LOGIN anna x\r\n")).toBe(
      "c NO [AUTHENTICATIONFAILED] wrong user name or password\r\n* BYE too many failed logins\r\n",
    );
    expect(client.end).toBe("leave");
  });
});

describe("IMAP and TLS", () => {
  test("begin at STARTTLS, and then the capabilities have changed", () => {
    const client = begin(known, { tls: "required" });
    expect(client.send("a STARTTLS\r\n")).toBe("a OK begin TLS\r\n<TLS>");
    expect(client.send("b CAPABILITY\r\n")).toStartWith("* CAPABILITY IMAP4rev1 SASL-IR ID AUTH=PLAIN AUTH=LOGIN\r\n");
    expect(client.send("c STARTTLS\r\n")).toBe("c BAD this is TLS already\r\n");
    expect(client.send(`d ${LOGIN}\r\n`)).toBe("d OK welcome\r\n");
  });

  test("are wanted before any login where they are required", () => {
    const client = begin(known, { tls: "required" });
    for (const login of [LOGIN, `AUTHENTICATE PLAIN ${PLAIN}`, "AUTHENTICATE PLAIN", "LOGIN {16}"])
      expect(client.send(`a ${login}\r\n`)).toBe("a NO [PRIVACYREQUIRED] begin with STARTTLS\r\n");
    expect(client.send("b NOOP\r\n")).toBe("b OK done\r\n");
    expect(client.logins).toEqual([]);
  });

  test("are not to be had without a certificate", () => {
    expect(begin().send("a STARTTLS\r\n")).toBe("a BAD there is no TLS here\r\n");
  });

  test("end the conversation when something was put behind STARTTLS", () => {
    for (const injected of ["b LOGIN eve x\r\n", "\n", "\0"]) {
      const client = begin(known, { tls: "offered" });
      expect(client.send(`a STARTTLS\r\n${injected}`)).toBe("a BAD nothing may follow STARTTLS\r\n* BYE goodbye\r\n");
      expect(client.end).toBe("leave");
    }
  });

  test("forget what arrived between STARTTLS and its answer", () => {
    const front = new ImapFront({ ...OPTIONS, tls: "offered" });
    front.next();
    front.push(Buffer.from("a STARTTLS\r\n"));
    expect(front.next()?.kind).toBe("secure");
    front.push(Buffer.from("b LOGIN eve x\r\n"));
    expect(front.next()).toBeUndefined();
    front.secured();
    expect(front.next()).toBeUndefined();
  });
});

describe("a tunnel's IMAP", () => {
  const given = { login: "given" } as const;

  test("is logged in from the beginning", () => {
    const client = begin({ capabilities: ["IMAP4rev1", "AUTH=XOAUTH2", "IDLE"], said: "anna is in" }, given);
    expect(client.said).toBe("* PREAUTH [CAPABILITY IMAP4rev1 IDLE] anna is in\r\n");
    expect(client.logins).toEqual([{ user: undefined, password: undefined, clientName: undefined }]);
    expect(client.end).toBe("pass");
  });

  test("says goodbye at once when that cannot be", () => {
    const client = begin(always({ kind: "needed", words: "nobody is signed in", hint: "mailkey login a@b.c" }), given);
    expect(client.said).toBe("* BYE [ALERT] nobody is signed in: mailkey login a@b.c\r\n");
    expect(client.end).toBe("leave");
  });
});

describe("an IMAP front", () => {
  test("reads nothing while a login is under way, and ends when too much is sent meanwhile", () => {
    for (const answer of ["accepted", "refused"] as const) {
      const front = new ImapFront(OPTIONS);
      front.next();
      front.push(Buffer.from(`a ${LOGIN}\r\n`));
      expect(front.next()?.kind).toBe("log-in");
      const piece = Buffer.from("b NOOP\r\n".repeat(1024));
      for (let sent = 0; sent <= 2 * MAX_AHEAD_BYTES; sent += piece.length) {
        front.push(piece);
        expect(front.next()).toBeUndefined();
      }
      if (answer === "accepted") front.accepted({ said: "", capabilities: [] });
      else front.refused({ kind: "password" });
      const last = lastStep(front);
      expect(last).toEqual({ kind: "leave", text: "* BYE too much at once, before the login\r\n" });
      expect(front.takeRest().length).toBeLessThanOrEqual(MAX_AHEAD_BYTES);
    }
  });

  test("does the same however the bytes are cut", () => {
    const logins = [`a ${LOGIN}`, "b LOGIN anna x", "c LOGIN {4}", "c LOGIN {4+}", "anna x", 'd LOGIN "\xff" x'];
    const responses = [PLAIN, base64("anna"), "*", ""];
    const authenticate = ["e AUTHENTICATE PLAIN", `f AUTHENTICATE PLAIN ${PLAIN}`, "g AUTHENTICATE LOGIN"];
    const others = ["h CAPABILITY", "i APPEND x {6+}", "j ID {99999999999}", "k LOGOUT", "\0", "\xe4"];
    const lines = fc.constantFrom(...logins, ...responses, ...authenticate, ...others);
    fc.assert(
      fc.property(
        fc.array(fc.tuple(lines, fc.constantFrom("\r\n", "\r\n", "\n")), { maxLength: 12 }),
        SIZES,
        (parts, sizes) => {
          const text = parts.flat().join("");
          const [whole, inPieces] = [begin(known), begin(known)];
          whole.send(text);
          for (const piece of pieces(text, sizes)) inPieces.send(piece);
          expect(inPieces.outcome).toEqual(whole.outcome);
        },
      ),
      { numRuns: 1000 },
    );
  });
});

function lastStep(front: ImapFront): Step | undefined {
  let last: Step | undefined;
  for (let step = front.next(); step !== undefined; step = front.next()) last = step;
  return last;
}
