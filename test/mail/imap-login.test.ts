import { describe, expect, test } from "bun:test";
import { xoauth2 } from "../../src/sasl/xoauth2.ts";
import { oauthbearer } from "../../src/sasl/oauthbearer.ts";
import { TOKEN, USER, sawToken, useWorld, type Play } from "./harness.ts";
import type { Peer } from "./stub-server.ts";

const { failingLogin, goodLogin } = useWorld();

const GOOGLE_CHALLENGE = Buffer.from('{"status":"400","schemes":"Bearer","scope":"https://mail.google.com/"}').toString(
  "base64",
);

/** Reads a command and answers to its tag. */
async function answer(peer: Peer, reply: string): Promise<string> {
  const command = await peer.readLine();
  const [tag = "", ...words] = command.split(" ");
  peer.send(`${reply.replaceAll("TAG", tag)}\r\n`);
  return words.join(" ");
}

/** A server as far as AUTHENTICATE, with these capabilities; the rest is the test's. */
function upToLogin(capabilities: string, then: Play): Play {
  return async (peer) => {
    peer.send(`* OK [CAPABILITY ${capabilities}] ready\r\n`);
    await then(peer);
  };
}

describe("an IMAP login", () => {
  test("sends the initial response with the command when the server allows it, and then asks for the namespace", async () => {
    const { report, received } = await goodLogin(
      { protocol: "imap" },
      upToLogin("IMAP4rev1 SASL-IR AUTH=XOAUTH2 NAMESPACE", async (peer) => {
        await answer(peer, "TAG OK AUTHENTICATE completed.");
        await answer(peer, '* NAMESPACE (("" "/")) NIL NIL\r\nTAG OK NAMESPACE completed.');
        await answer(peer, "* BYE bye\r\nTAG OK LOGOUT completed.");
      }),
    );
    expect(received).toHaveLength(3);
    const [, , , encoded = ""] = received[0]?.split(" ") ?? [];
    expect(xoauth2.decodeInitialResponse(encoded)?.token.reveal()).toBe(TOKEN);
    expect(received[1]).toEndWith(" NAMESPACE");
    expect(received[2]).toEndWith(" LOGOUT");
    expect(report.mechanism).toBe("XOAUTH2");
    expect(report.tlsVersion).toMatch(/^TLSv1\.[23]$/);
    expect(report.greeting).toContain("ready");
    expect(report.said).toBe("NAMESPACE completed.");
  });

  test("waits for the server's request when it has no SASL-IR, and asks for LIST when it has no NAMESPACE", async () => {
    const { received } = await goodLogin({ protocol: "imap", mechanisms: ["OAUTHBEARER", "XOAUTH2"] }, async (peer) => {
      peer.send("* OK ready\r\n");
      await answer(peer, "* CAPABILITY IMAP4rev1 AUTH=PLAIN AUTH=OAUTHBEARER\r\nTAG OK done");
      const [tag = ""] = (await peer.readLine()).split(" ");
      peer.send("+ \r\n");
      await peer.readLine();
      peer.send(`${tag} OK in\r\n`);
      await answer(peer, "TAG OK listed");
      await answer(peer, "TAG OK bye");
    });
    expect(received[1]).toEndWith(" AUTHENTICATE OAUTHBEARER");
    const decoded = oauthbearer.decodeInitialResponse(received[2] ?? "");
    expect(decoded).toMatchObject({ user: USER, host: "localhost" });
    expect(received[3]).toEndWith(' LIST "" ""');
  });

  test("is good even when the server hangs up or keeps silent at LOGOUT", async () => {
    for (const farewell of [(peer: Peer) => peer.reset(), () => undefined]) {
      const { report } = await goodLogin(
        { protocol: "imap" },
        upToLogin("SASL-IR AUTH=XOAUTH2", async (peer) => {
          await answer(peer, "TAG OK in");
          await answer(peer, "TAG OK listed");
          await peer.readLine();
          farewell(peer);
        }),
      );
      expect(report.said).toBe("listed");
    }
  });

  test("answers a failure challenge and reports what it says", async () => {
    const { report, received } = await failingLogin(
      { protocol: "imap" },
      upToLogin("SASL-IR AUTH=XOAUTH2 AUTH=OAUTHBEARER", async (peer) => {
        const [tag = ""] = (await peer.readLine()).split(" ");
        peer.send(`+ ${GOOGLE_CHALLENGE}\r\n`);
        await peer.readLine();
        peer.send(`${tag} NO [AUTHENTICATIONFAILED] Invalid credentials (Failure)\r\n`);
      }),
    );
    expect(received[1]).toBe("");
    expect(report).toMatchObject({
      stage: "authentication",
      reason: "refused",
      said: "[AUTHENTICATIONFAILED] Invalid credentials (Failure)",
      challenge: { status: "400", schemes: "Bearer", scope: "https://mail.google.com/" },
      mechanism: "XOAUTH2",
    });
  });

  test("answers OAUTHBEARER's challenge with one 0x01, as Dovecot wants it", async () => {
    const { report, received } = await failingLogin(
      { protocol: "imap" },
      upToLogin("SASL-IR AUTH=OAUTHBEARER", async (peer) => {
        const [tag = ""] = (await peer.readLine()).split(" ");
        peer.send(`+ ${Buffer.from('{"status":"invalid_token"}').toString("base64")}\r\n`);
        await peer.readLine();
        peer.send(`${tag} NO [AUTHENTICATIONFAILED] Authentication failed.\r\n`);
      }),
    );
    expect(received[1]).toBe("AQ==");
    expect(report.challenge).toEqual({ status: "invalid_token" });
  });

  test("reports a refusal without a challenge, as Exchange's", async () => {
    const { report } = await failingLogin(
      { protocol: "imap" },
      upToLogin("SASL-IR AUTH=PLAIN AUTH=XOAUTH2", (peer) => answer(peer, "TAG NO AUTHENTICATE failed.")),
    );
    expect(report).toMatchObject({ stage: "authentication", reason: "refused", said: "AUTHENTICATE failed." });
    expect(report.challenge).toBeUndefined();
  });

  test("is not good when the server says no to the command after it, as Exchange does for a mailbox it will not open", async () => {
    const { report } = await failingLogin(
      { protocol: "imap" },
      upToLogin("SASL-IR AUTH=XOAUTH2", async (peer) => {
        await answer(peer, "TAG OK AUTHENTICATE completed.");
        await answer(peer, "TAG BAD User is authenticated but not connected.");
      }),
    );
    expect(report).toMatchObject({ stage: "after-login", said: "User is authenticated but not connected." });
  });

  test("does not show a token that the server echoes, whole, cut off or decoded", async () => {
    const echoes = [
      (command: string) => command,
      (command: string) => `line too long: ${command.slice(0, 60)}`,
      (command: string) => Buffer.from(command.split(" ")[3] ?? "", "base64").toString("latin1"),
      () => `token ${TOKEN.slice(10, 40)} is bad`,
      (command: string) => command.replaceAll(/.{40}/g, "$&\t"),
    ];
    for (const echo of echoes) {
      const { report } = await failingLogin(
        { protocol: "imap" },
        upToLogin("SASL-IR AUTH=XOAUTH2", async (peer) => {
          const command = await peer.readLine();
          peer.send(`${command.split(" ")[0]} BAD ${echo(command)}\r\n`);
        }),
      );
      expect(report.said).toContain("[redacted]"); // the harness looks for pieces
    }
  });

  test("does not show a token that the server echoes in its challenge", async () => {
    const { report } = await failingLogin(
      { protocol: "imap" },
      upToLogin("SASL-IR AUTH=XOAUTH2", async (peer) => {
        const [tag = ""] = (await peer.readLine()).split(" ");
        const challenge = { status: "400", scope: `not for ${TOKEN}`, schemes: "\u001b[31mred" };
        peer.send(`+ ${Buffer.from(JSON.stringify(challenge)).toString("base64")}\r\n`);
        await peer.readLine();
        peer.send(`${tag} NO no\r\n`);
      }),
    );
    expect(report.challenge).toEqual({ status: "400", scope: "not for [redacted]", schemes: "[31mred" });
  });

  test("refuses a server that logs us in unasked, before and after TLS, and does not send the token", async () => {
    for (const security of ["tls", "starttls"] as const) {
      const { report, received } = await failingLogin({ protocol: "imap", security }, async (peer) => {
        peer.send("* PREAUTH welcome back\r\n");
        await peer.readLine();
      });
      expect(report).toMatchObject({ stage: "greeting", reason: "preauthenticated", said: "welcome back" });
      expect(received).toHaveLength(0);
    }
  });

  test("reports a server that says goodbye, at any moment", async () => {
    const moments: readonly (readonly [stage: string, play: Play])[] = [
      ["greeting", (peer) => peer.send("* BYE too many connections\r\n")],
      [
        "capabilities",
        async (peer) => {
          peer.send("* OK ready\r\n");
          await answer(peer, "* BYE too many connections");
        },
      ],
      [
        "authentication",
        upToLogin("SASL-IR AUTH=XOAUTH2", async (peer) => {
          await answer(peer, "* BYE too many connections");
          peer.end();
        }),
      ],
      [
        "after-login",
        upToLogin("SASL-IR AUTH=XOAUTH2", async (peer) => {
          await answer(peer, "TAG OK in");
          await answer(peer, "* BYE too many connections");
          peer.end();
        }),
      ],
    ];
    for (const [stage, play] of moments) {
      const { report } = await failingLogin({ protocol: "imap" }, play);
      expect(report).toMatchObject({ stage, reason: "closed", said: "too many connections" });
    }
  });

  test("gives up on a server that asks again and again", async () => {
    const { report } = await failingLogin(
      { protocol: "imap" },
      upToLogin("SASL-IR AUTH=XOAUTH2", async (peer) => {
        for (;;) {
          await peer.readLine();
          peer.send("+ \r\n");
        }
      }),
    );
    expect(report).toMatchObject({ stage: "authentication", reason: "protocol" });
  });

  test("reads over a short literal, and refuses a huge one without waiting for it", async () => {
    const { report } = await goodLogin({ protocol: "imap" }, async (peer) => {
      peer.send("* OK ready\r\n* X {5}\r\na\r\nb} y\r\n");
      await answer(peer, "* CAPABILITY SASL-IR AUTH=XOAUTH2\r\nTAG OK done");
      await answer(peer, "TAG OK in");
      await answer(peer, "TAG OK listed");
      await answer(peer, "TAG OK bye");
    });
    expect(report.said).toBe("listed");
    const refused = await failingLogin({ protocol: "imap" }, async (peer) => {
      peer.send("* OK ready\r\n* X {4294967295}\r\n");
      await peer.readLine();
    });
    expect(refused.report).toMatchObject({ stage: "capabilities", reason: "protocol" });
  });

  test("offers nothing to a server without the mechanisms", async () => {
    const { report, received } = await failingLogin(
      { protocol: "imap" },
      upToLogin("SASL-IR AUTH=PLAIN AUTH=ATOKEN", (peer) => peer.readLine()),
    );
    expect(report).toMatchObject({ stage: "capabilities", reason: "no-mechanism", said: "PLAIN ATOKEN" });
    expect(received).toHaveLength(0);
  });

  test("after STARTTLS believes nothing that was said before, and asks for the capabilities anew", async () => {
    const { report, received } = await goodLogin({ protocol: "imap", security: "starttls" }, async (peer) => {
      peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=OAUTHBEARER] ready\r\n");
      const [tag = ""] = (await peer.readLine()).split(" ");
      const upgrade = peer.startTls();
      peer.send(`${tag} OK begin TLS\r\n`);
      const secure = await upgrade;
      await answer(secure, "* CAPABILITY SASL-IR AUTH=XOAUTH2\r\nTAG OK done");
      await answer(secure, "TAG OK in");
      await answer(secure, "TAG OK listed");
      await answer(secure, "TAG OK bye");
    });
    expect(received.map((line) => line.split(" ")[1])).toEqual([
      "STARTTLS",
      "CAPABILITY",
      "AUTHENTICATE",
      "LIST",
      "LOGOUT",
    ]);
    expect(report.mechanism).toBe("XOAUTH2");
  });

  test("never sends the token in plain text when STARTTLS is refused", async () => {
    const { report, received } = await failingLogin({ protocol: "imap", security: "starttls" }, async (peer) => {
      peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
      await answer(peer, "TAG BAD no TLS here");
      await peer.readLine();
    });
    expect(report).toMatchObject({ stage: "tls", reason: "starttls-refused", said: "no TLS here" });
    expect(sawToken(received)).toBe(false);
  });
});
