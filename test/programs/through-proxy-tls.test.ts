/** Programs through the proxy in TLS, by STARTTLS and from the first byte on, with the certificate of `mailkey proxy cert`. */
import { beforeAll, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { fetchesWithMbsync } from "./mbsync-by-hand.ts";
import { readsAndSends } from "./mutt-by-hand.ts";
import { withProxy } from "./through-proxy.ts";

const BERT = "bert@mail.test";

withProxy(
  { programs: ["mbsync", "fetchmail", "mutt", "neomutt", "curl", "msmtp", "swaks", "tmux"], tls: true },
  "through the proxy, in TLS,",
  (mailbox) => {
    beforeAll(() => mailbox.deliver("for everybody"));

    const send = (program: string, args: readonly string[], subject: string) =>
      mailbox.runs(program, args, { input: mailbox.message(subject, BERT) });

    test.each([
      ["STARTTLS", "imap"],
      ["IMAPS", "imaps"],
    ] as const)("mbsync fetches by %s", async (type, service) => {
      const { ports, address, password, certificateFile } = mailbox;
      const server = [
        "Host localhost",
        `Port ${ports[service]}`,
        `SSLType ${type}`,
        `CertificateFile ${certificateFile}`,
      ];
      const login = [`User ${address}`, `Pass ${password}`, "AuthMechs LOGIN"];
      await fetchesWithMbsync(mailbox, `mbsync-${type}`, [...server, ...login]);
    });

    test.each([
      ["imap", "imap", 'sslproto "TLS1.2+"'],
      ["imap", "imaps", "ssl"],
      ["pop3", "pop", 'sslproto "TLS1.2+"'],
      ["pop3", "pops", "ssl"],
    ] as const)("fetchmail fetches by %s from the port of %s", async (protocol, service, tls) => {
      const got = mailbox.path(`fetchmail-${service}`);
      const config = mailbox.file(
        `fetchmailrc-${service}`,
        `poll localhost service ${mailbox.ports[service]} protocol ${protocol} user "${mailbox.address}" password "${mailbox.password}"
  ${tls} sslcertck sslcertfile "${mailbox.certificateFile}" keep fetchall mda "cat >>${got}"\n`,
      );
      const id = mailbox.path(`fetchids-${service}`);
      const { stdout } = await mailbox.runs("fetchmail", ["-f", config, "-i", id, "--nosyslog", "--nodetach", "-v"]);
      expect(stdout).toContain("SSL/TLS: using protocol TLSv1.");
      expect(readFileSync(got, "latin1")).toMatch(/Subject: for everybody[\s\S]*Hello\./);
    });

    test.each([
      ["mutt", "STARTTLS"],
      ["neomutt", "TLS"],
    ] as const)("%s reads and sends by %s", async (program, how) => {
      const { ports, password, certificateFile } = mailbox;
      const at = `${encodeURIComponent(mailbox.address)}@localhost`;
      const [imap, smtp] = how === "TLS" ? (["imaps", "smtps"] as const) : (["imap", "smtp"] as const);
      const tls = [`set certificate_file = "${certificateFile}"`, "set ssl_force_tls = yes"];
      const reading = [`set folder = "${imap}://${at}:${ports[imap]}/"`, `set imap_pass = "${password}"`, ...tls];
      const sending = [`set smtp_url = "${smtp}://${at}:${ports[smtp]}/"`, `set smtp_pass = "${password}"`];
      await readsAndSends(mailbox, program, how, { reading, sending });
    });

    test("curl looks, fetches and sends by IMAP, POP3 and SMTP", async () => {
      const { ports, address, password, certificateFile } = mailbox;
      const lines = [
        `user = "${address}:${password}"`,
        `cacert = "${certificateFile}"`,
        "ssl-reqd",
        "silent",
        "show-error",
      ];
      const config = mailbox.file("curlrc", `${lines.join("\n")}\n`);
      const curl = (...args: string[]) => mailbox.runs("curl", ["-K", config, ...args]);
      for (const server of [`imap://localhost:${ports.imap}`, `imaps://localhost:${ports.imaps}`])
        expect((await curl(`${server}/INBOX;MAILINDEX=1`)).stdout).toContain("Subject: for everybody");
      for (const server of [`pop3://localhost:${ports.pop}`, `pop3s://localhost:${ports.pops}`])
        expect((await curl(`${server}/1`)).stdout).toContain("Subject: for everybody");
      for (const [index, server] of [`smtp://localhost:${ports.smtp}`, `smtps://localhost:${ports.smtps}`].entries()) {
        const subject = `from curl in TLS ${index}`;
        await send("curl", ["-K", config, server, "--mail-from", address, "--mail-rcpt", BERT, "-T", "-"], subject);
        await mailbox.arrived(subject, BERT);
      }
    });

    test.each([
      ["plain", "smtp", "on"],
      ["login", "smtp", "on"],
      ["plain", "smtps", "off"],
      ["login", "smtps", "off"],
    ] as const)("msmtp sends with %s to the port of %s", async (mechanism, service, startTls) => {
      const config = mailbox.file(
        `msmtprc-${mechanism}-${service}`,
        `account default
host localhost
port ${mailbox.ports[service]}
tls on
tls_starttls ${startTls}
tls_trust_file ${mailbox.certificateFile}
auth ${mechanism}
user ${mailbox.address}
from ${mailbox.address}
password ${mailbox.password}
`,
      );
      const subject = `from msmtp with ${mechanism} to ${service}`;
      await send("msmtp", ["-C", config, "--", BERT], subject);
      await mailbox.arrived(subject, BERT);
    });

    test.each([
      ["--tls", "smtp"],
      ["--tls-on-connect", "smtps"],
    ] as const)("swaks sends with %s", async (tls, service) => {
      const { ports, address, password, certificateFile } = mailbox;
      const subject = `from swaks with ${tls}`;
      const server = ["--server", "localhost", "--port", String(ports[service]), tls];
      const trust = ["--tls-verify", "--tls-ca-path", certificateFile];
      const login = ["--auth", "PLAIN", "--auth-user", address, "--auth-password", password];
      const message = ["--from", address, "--to", BERT, "--header", `Subject: ${subject}`];
      await mailbox.runs("swaks", [...server, ...trust, ...login, ...message]);
      await mailbox.arrived(subject, BERT);
    });

    test("a program that does not know the certificate gives no password away", async () => {
      const { ports, address } = mailbox;
      const words = ["--user", `${address}:never-sent`, "--ssl-reqd", `imap://localhost:${ports.imap}/INBOX`];
      expect((await mailbox.run("curl", words)).status).toBe(60); // peer's certificate cannot be authenticated
    });
  },
);
