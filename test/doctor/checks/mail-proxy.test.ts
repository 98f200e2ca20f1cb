/** The checks of mailkey's mail proxy: programs' files that name it, and whoever listens there. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { createServer, type AddressInfo, type Server } from "node:net";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { proxyConfig, type ProxyService } from "../../../src/accounts/proxy-config.ts";
import { mailProxyAgent } from "../../../src/doctor/checks/mail-proxy-agent.ts";
import { mailProxyTls } from "../../../src/doctor/checks/mail-proxy-tls.ts";
import { mailProxyPassword } from "../../../src/doctor/checks/mail-proxy-password.ts";
import { mailProxyPorts } from "../../../src/doctor/checks/mail-proxy-ports.ts";
import { mailProxyRunning } from "../../../src/doctor/checks/mail-proxy-running.ts";
import { mailProxyVersion } from "../../../src/doctor/checks/mail-proxy-version.ts";
import { socketPath } from "../../../src/agent/client/ask-agent.ts";
import { proxySocketPath } from "../../../src/proxy/client/ask-proxy.ts";
import { VERSION } from "../../../src/version.ts";
import { FakeClock } from "../../support/fake-clock.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { madeFiles, makeCertificate } from "../../../src/proxy/certificate/made.ts";
import { addPassword } from "../../../src/proxy/passwords/store.ts";
import { Patient, only } from "../patient.ts";

const ADDRESS = "anna@mail.test";
const OK = "* OK [CAPABILITY IMAP4rev1] mailkey proxy ready\r\n";

let patient: Patient;
const servers: Server[] = [];
beforeEach(async () => {
  patient = await admit();
});
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  patient.discharge();
});

/** @returns the port of somebody who says this to everybody */
async function listener(greeting: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.write(greeting);
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return (server.address() as AddressInfo).port;
}

/** @returns a port with nobody behind it */
async function deserted(): Promise<number> {
  const port = await listener("");
  await new Promise((resolve) => servers.pop()?.close(resolve));
  return port;
}

type Settings = Parameters<typeof proxyConfig>[0];

function admit(settings: Settings = {}): Promise<Patient> {
  return Patient.admit({ config: { proxy: proxyConfig(settings, {}) } });
}

/** The proxy's settings name this port, and so does mbsync's file. */
async function mbsyncAt(port: number, service: ProxyService = "imap", user = ADDRESS): Promise<string> {
  patient.discharge();
  patient = await admit({ [service]: port });
  return patient.write(
    ".mbsyncrc",
    `IMAPAccount a\nHost 127.0.0.1\nPort ${port}\nUser ${user}\nSSLType None\nAuthMechs LOGIN\n`,
  );
}

/** A password has been made: the proxy is used here. */
async function usesProxy(owner = ADDRESS): Promise<void> {
  await addPassword(patient.machine.paths, systemClock, { for: owner, device: "default" });
}

const ports = () => mailProxyPorts.examine(patient.machine);

describe("mail-proxy-ports", () => {
  test("has nothing to say where nobody uses the proxy, whoever has its ports", async () => {
    await usesProxy();
    expect(await ports()).toEqual([]);
  });

  test("has nothing to say where the proxy greets", async () => {
    await mbsyncAt(await listener(OK));
    expect(await ports()).toEqual([]);
    await mbsyncAt(await listener(""), "imaps"); // waits for TLS
    await usesProxy();
    expect(await ports()).toEqual([]);
  });

  test("reports a proxy that does not run, once for all programs", async () => {
    const port = await deserted();
    const mbsyncrc = await mbsyncAt(port);
    const muttrc = patient.write(".muttrc", `set folder = "imap://anna%40mail.test@localhost:${port}/"\n`);
    const finding = only(await ports());
    expect(finding).toMatchObject({ severity: "error", remedy: ["mailkey proxy start"] });
    expect(finding.seen).toContain(`127.0.0.1 port ${port} and localhost port ${port}`);
    expect(finding.seen).toContain(`${mbsyncrc} line 2, ${muttrc} line 1`);
    expect(finding.means).toContain("mbsync and mutt cannot log in");
  });

  test.each([
    [".msmtprc", (port: number) => `account a\nhost localhost\nport ${port}\nuser ${ADDRESS}\n`, 2],
    [".pinerc", (port: number) => `x=y\ninbox-path={127.0.0.1:${port}/user=${ADDRESS}/notls}INBOX\n`, 2],
    [".config/neomutt/neomuttrc", (port: number) => `set smtp_url = smtp://${ADDRESS}@127.0.0.1:${port}/\n`, 1],
  ])("finds the proxy's port in %s", async (name, text, line) => {
    const port = await deserted();
    patient.discharge();
    patient = await admit({ smtp: port });
    const file = patient.write(name, text(port));
    expect(only(await ports()).seen).toContain(`(${file} line ${line})`);
  });

  test("reports somebody else at the port, where the proxy is in use", async () => {
    const port = await listener("* OK [CAPABILITY IMAP4rev1] bridge ready\r\n");
    await mbsyncAt(port);
    expect(await ports()).toEqual([]); // the user may mean the other one
    await usesProxy();
    const finding = only(await ports());
    expect(finding.seen).toBe(`whoever listens at 127.0.0.1 port ${port} is not mailkey's proxy`);
    expect(finding.remedy[0]).toBe(`ss -ltnp 'sport = :${port}'`);
  });

  test("leaves other users' accounts to other programs of the kind", async () => {
    await mbsyncAt(await deserted(), "imap", "anna@proton.test");
    expect(await ports()).toEqual([]);
    const port = await deserted();
    patient.discharge();
    patient = await admit({ imap: port });
    patient.write(".mbsyncrc", `IMAPAccount a\nHost mail.test\nPort ${port}\nUser ${ADDRESS}\n`);
    patient.write(".pinerc", `# inbox-path={127.0.0.1:${port}/user=${ADDRESS}/notls}INBOX\n`);
    expect(await ports()).toEqual([]);
  });
});

describe("mail-proxy-running", () => {
  const running = () => mailProxyRunning.examine(patient.machine);
  /** No program here is known to use the proxy: a scanner may. */
  const proxyAt = async (port: number) => {
    patient.discharge();
    patient = await admit({ imap: port });
    await usesProxy();
  };

  test("has nothing to say without passwords, or where the proxy or systemd for it listens", async () => {
    const port = await deserted();
    patient.discharge();
    patient = await admit({ imap: port });
    expect(await running()).toEqual([]);
    await proxyAt(await listener(OK));
    expect(await running()).toEqual([]);
  });

  test("reports a proxy that does not run, though there are passwords for it", async () => {
    await proxyAt(await deserted());
    const finding = only(await running());
    expect(finding.seen).toBe(`the mail proxy does not run, and there are passwords for it (${ADDRESS})`);
    expect(finding.remedy).toEqual(["mailkey proxy start"]);
  });

  test("reports somebody else at its port", async () => {
    const port = await listener("* OK [CAPABILITY IMAP4rev1] bridge ready\r\n");
    await proxyAt(port);
    const finding = only(await running());
    expect(finding.seen).toContain(`whoever listens at 127.0.0.1 port ${port} is not mailkey's proxy`);
    expect(finding.remedy[0]).toBe(`ss -ltnp 'sport = :${port}'`);
  });

  test("leaves what known programs need to the check of their ports", async () => {
    await mbsyncAt(await deserted());
    await usesProxy();
    expect(await running()).toEqual([]);
  });
});

describe("mail-proxy-password", () => {
  const passwords = () => mailProxyPassword.examine(patient.machine);

  test("has nothing to say without programs at the proxy, or with a password for theirs", async () => {
    expect(await passwords()).toEqual([]);
    await mbsyncAt(1143);
    await usesProxy();
    expect(await passwords()).toEqual([]);
  });

  test("reports a program that has none to log in with", async () => {
    const file = await mbsyncAt(1143);
    await usesProxy("bob@mail.test");
    const finding = only(await passwords());
    expect(finding.seen).toContain(`${ADDRESS} has no password at mailkey's proxy, and mbsync would log in there`);
    expect(finding.seen).toContain(`${file} line 2`);
    expect(finding.remedy).toEqual([`mailkey proxy password add ${ADDRESS} --device mbsync`]);
  });

  test("reports a file of passwords that cannot be understood, and nothing else", async () => {
    await mbsyncAt(1143);
    await usesProxy();
    const path = `${patient.machine.paths.state}/proxy/passwords.json`;
    writeFileSync(path, "{", { mode: 0o600 });
    const finding = only(await passwords());
    expect(finding.seen).toContain(`${path} is damaged`);
    expect(finding.remedy[0]).toBe(`mv ${path} ${path}.old`);
  });
});

/** Somebody at a socket who answers everything with this. */
async function answering(path: string, reply: object): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const server = createServer((connection) => {
    connection.on("error", () => undefined);
    connection.on("data", () => connection.end(`${JSON.stringify({ v: 1, pid: 1, ...reply })}\n`));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(path, resolve));
  chmodSync(path, 0o600);
}

const runProxy = (change: object = {}) =>
  answering(proxySocketPath(patient.machine.paths), {
    version: VERSION,
    started_by: "command",
    agent: "serves",
    ...change,
  });
const runAgent = (state: string) =>
  answering(socketPath(patient.machine.paths), { version: VERSION, state, started_by: "command", token_files: {} });

describe("mail-proxy-version", () => {
  const versions = () => mailProxyVersion.examine(patient.machine);

  test("has nothing to say where no proxy runs, or one of this version", async () => {
    expect(await versions()).toEqual([]);
    patient.discharge();
    patient = await admit();
    await runProxy();
    expect(await versions()).toEqual([]);
  });

  test("reports a proxy from before an update", async () => {
    await runProxy({ version: "0.0.1" });
    const finding = only(await versions());
    expect(finding.seen).toBe(`the running mail proxy is mailkey 0.0.1, this is ${VERSION}`);
    expect(finding.remedy).toEqual(["mailkey proxy stop", "mailkey proxy start"]);
  });

  test("leaves starting it to systemd where that listens", async () => {
    await runProxy({ version: "0.0.1", started_by: "socket" });
    expect(only(await versions()).remedy).toEqual(["mailkey proxy stop"]);
  });
});

describe("mail-proxy-agent", () => {
  const agents = () => mailProxyAgent.examine(patient.machine);

  test("has nothing to say where the proxy has an agent, or starts one when it needs it", async () => {
    await runProxy({ agent: "absent" });
    expect(await agents()).toEqual([]);
    patient.discharge();
    patient = await admit();
    await runProxy();
    await runAgent("unlocked");
    expect(await agents()).toEqual([]);
  });

  test("reports a locked agent while the proxy runs, and not without", async () => {
    await runAgent("locked");
    expect(await agents()).toEqual([]);
    patient.discharge();
    patient = await admit();
    await runAgent("locked");
    await runProxy();
    expect(only(await agents()).remedy).toEqual(["mailkey agent unlock"]);
  });

  test("reports a proxy that cannot use the agent that is there", async () => {
    await runProxy({ agent: "useless" });
    await runAgent("unlocked");
    expect(only(await agents()).seen).toContain("cannot use the agent that serves these folders");
  });
});

describe("mail-proxy-tls", () => {
  const DAY_MS = 86_400_000;
  /** With these settings, so many days from now. */
  const certificates = (settings: Settings = {}, days = 0) => {
    const clock = new FakeClock();
    clock.wallMs = Date.now() + days * DAY_MS;
    const config = { ...patient.machine.config, proxy: proxyConfig(settings, {}) };
    return mailProxyTls.examine({ ...patient.machine, config, clock });
  };
  const make = (anew = false) => makeCertificate(patient.machine.paths, systemClock, { anew });

  test("has nothing to say where nobody wants TLS, or the certificate is good", async () => {
    expect(await certificates()).toEqual([]);
    await make();
    expect(await certificates()).toEqual([]);
    expect(await certificates({ remote: true, require_tls: true })).toEqual([]);
  });

  test.each([
    [{ remote: true }, "remote = true lets other machines in by TLS only"],
    [{ require_tls: true }, "require_tls = true lets nobody in without"],
  ])("reports that there is none: %j", async (settings, why) => {
    const finding = only(await certificates(settings));
    expect(finding.seen).toBe(`the mail proxy has no certificate, and ${why}`);
    expect(finding.remedy).toEqual(["mailkey proxy cert", "mailkey proxy reload"]);
  });

  test("reports that a program wants TLS where there is none", async () => {
    const file = await mbsyncAt(1993, "imaps");
    expect(only(await certificates()).seen).toContain(`mbsync wants TLS at port 1993 (${file} line 2)`);
  });

  test.each([
    [811, "warning", "days"],
    [830, "error", "is over since"],
    [-2, "error", "is not valid before"],
  ] as const)("tells, %i days on, of one that is the user's own: %s", async (days, severity, seen) => {
    await make();
    const { certificate, key } = madeFiles(patient.machine.paths);
    const finding = only(await certificates({ certificate, key }, days));
    expect(finding).toMatchObject({ severity, seen: expect.stringContaining(seen) });
    expect(finding.remedy[0]).toContain("config.toml");
  });

  test("leaves mailkey's own to the proxy, which renews it, until it has not been renewed in time", async () => {
    await make();
    expect(await certificates({}, 830)).toEqual([]); // the proxy does not run: it renews as it starts
    patient.discharge();
    patient = await admit();
    await make();
    await runProxy();
    expect(await certificates({}, 811)).toEqual([]);
    expect(only(await certificates({}, 818))).toMatchObject({ severity: "warning" });
    expect(only(await certificates({}, 825))).toMatchObject({ severity: "error" });
  });

  test("reports a key that is another certificate's, and a file that is not there", async () => {
    await make();
    const { certificate, key } = madeFiles(patient.machine.paths);
    const pem = await Bun.file(certificate).text();
    await make(true);
    writeFileSync(certificate, pem);
    const finding = only(await certificates());
    expect(finding.seen).toBe(`${key} is not the key of ${certificate}`);
    expect(finding.remedy).toEqual(["mailkey proxy cert --new", "mailkey proxy reload"]);
    const absent = only(await certificates({ certificate: "/nowhere/chain.pem" }));
    expect(absent.seen).toBe("/nowhere/chain.pem is not there, which config.toml names");
  });
});
