/** The checks of the mail servers: the real Dovecot where it refuses such things, stubs with Microsoft's words elsewhere. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { granted, startHostileServer, type HostileServer } from "../../../lab/hostile.ts";
import { MAIL_SCOPES } from "../../../lab/registrations.ts";
import { freePorts } from "../../../lab/ports.ts";
import { obtainTokens } from "../../../lab/token-client.ts";
import { startWorld, type World } from "../../../lab/world.ts";
import { imapLogin } from "../../../src/doctor/checks/imap-login.ts";
import { popLogin } from "../../../src/doctor/checks/pop-login.ts";
import { smtpLogin } from "../../../src/doctor/checks/smtp-login.ts";
import type { Finding } from "../../../src/doctor/check.ts";
import { withPrograms } from "../../e2e/programs.ts";
import { createAuthority, type ServerIdentity, type TestAuthority } from "../../mail/certificates.ts";
import { startStub, type Peer, type StubServer } from "../../mail/stub-server.ts";
import { only, Patient, type PatientOptions } from "../patient.ts";

const LOGINS = [imapLogin, popLogin, smtpLogin];
const patients: Patient[] = [];

async function admit(options: PatientOptions): Promise<Patient> {
  const patient = await Patient.admit(options);
  patients.push(patient);
  return patient;
}

async function findings(patient: Patient): Promise<Finding[]> {
  const found = await Promise.all(LOGINS.map(async (check) => check.examine(patient.subject)));
  return found.flat();
}

afterEach(() => {
  for (const patient of patients.splice(0)) patient.discharge();
});

withPrograms(["dovecot"])("logins to Dovecot", () => {
  let world: World;
  beforeAll(async () => {
    world = await startWorld({ mail: "dovecot" });
  });
  afterAll(() => world.stop());

  async function signedIn(options: PatientOptions = {}, login = world.address): Promise<Patient> {
    const { refreshToken } = await obtainTokens(world, { login });
    return admit({ world, credential: { refreshToken }, ...options });
  }

  test("that work are no findings", async () => {
    expect(await findings(await signedIn())).toEqual([]);
  });

  test("with another person's token are refused, everywhere; POP3 is a warning, as there is IMAP", async () => {
    const found = await findings(await signedIn({}, "somebody@mail.test"));
    expect(found.map(({ severity }) => severity)).toEqual(["error", "warning", "error"]);
    expect(found[0]?.seen).toStartWith(`IMAP localhost:${world.servers.imap?.port}: the server refuses the login: “`);
    expect(found[2]?.remedy[0]).toBe(`mailkey login ${world.address}`);
  });

  test("where nothing listens are told from refused ones", async () => {
    const [port = 0] = await freePorts(1);
    const imap = { host: "localhost", port, security: "tls" } as const;
    const patient = await signedIn({ account: { servers: { ...serversOf(world), imap } } });
    const finding = only(await findings(patient));
    expect(finding.seen).toBe(`IMAP localhost:${port}: connection refused`);
    expect(finding.remedy[0]).toContain("accounts/");
  });

  test("with TLS that begins otherwise than the server's are found", async () => {
    const imap = { ...serversOf(world).imap, security: "starttls" } as const;
    const patient = await signedIn({ account: { servers: { ...serversOf(world), imap } } });
    expect(only(await findings(patient)).seen).toStartWith(`IMAP localhost:${imap.port}: `);
  }, 20_000);
});

describe("logins that Microsoft refuses", () => {
  let authority: TestAuthority;
  let identity: ServerIdentity;
  let hostile: HostileServer;
  const stubs: StubServer[] = [];
  beforeAll(async () => {
    authority = await createAuthority();
    identity = await authority.issue(["localhost"]);
    hostile = await startHostileServer();
  });
  afterAll(() => hostile.stop());
  afterEach(async () => {
    await Promise.all(stubs.splice(0).map((stub) => stub.stop()));
    hostile.clear();
  });

  /** An account whose one server is played by `play`; its token says what `claims` say. */
  async function against(
    protocol: "imap" | "smtp",
    play: (peer: Peer) => Promise<void>,
    claims?: object,
  ): Promise<Finding[]> {
    const stub = await startStub({ security: "tls", tls: identity }, play);
    stubs.push(stub);
    const server = { host: "localhost", port: stub.port, security: "tls" } as const;
    const access_token =
      claims === undefined
        ? "opaque-access-token"
        : `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;
    hostile.reply(granted({ scope: Object.values(MAIL_SCOPES).join(" "), access_token }));
    const seed = await admit({ credential: { refreshToken: "r" } });
    const caFile = seed.write("ca.pem", `${authority.ca}\n${await Bun.file(hostile.caFile).text()}`);
    const patient = await admit({
      config: { caFile },
      credential: { refreshToken: "r" },
      account: { endpoints: { token: hostile.tokenEndpoint }, servers: { [protocol]: server } },
    });
    // The provider's own servers stand in for those that are not given: only the one under test is looked at.
    return [...(await (protocol === "imap" ? imapLogin : smtpLogin).examine(patient.subject))];
  }

  async function smtpRefusing(peer: Peer, words: string): Promise<void> {
    peer.send("220 smtp.office365.com ready\r\n");
    await peer.readLine();
    peer.send("250-hello\r\n250 AUTH LOGIN XOAUTH2\r\n");
    await peer.readLine();
    peer.send(`${words}\r\n`);
    await peer.readLine();
  }

  test("because SMTP AUTH is off are an administrator's to mend: nothing to type here", async () => {
    const words = "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.";
    const finding = only(await against("smtp", (peer) => smtpRefusing(peer, words)));
    expect(finding.seen).toContain("SmtpClientAuthentication is disabled for the Tenant");
    expect(finding.remedy).toEqual([]);
    expect(finding.advice).toContain("Set-CASMailbox");
  });

  test("because somebody else signed in name the two", async () => {
    const words = "535 5.7.3 Authentication unsuccessful";
    const found = await against("smtp", (peer) => smtpRefusing(peer, words), { upn: "bert@mail.test" });
    expect(only(found).means).toContain(
      "The token belongs to bert@mail.test, and anna@mail.test should have signed in.",
    );
  });

  test("only after the login, because IMAP is off, are found by one more command", async () => {
    const finding = only(
      await against("imap", async (peer) => {
        peer.send("* OK [CAPABILITY IMAP4rev1 SASL-IR AUTH=XOAUTH2] ready\r\n");
        const [tag = ""] = (await peer.readLine()).split(" ");
        peer.send(`${tag} OK AUTHENTICATE completed.\r\n`);
        const [next = ""] = (await peer.readLine()).split(" ");
        peer.send(`${next} BAD User is authenticated but not connected.\r\n`);
        await peer.readLine();
      }),
    );
    expect(finding.seen).toContain("User is authenticated but not connected");
    expect(finding.means).toContain("the token is good, the mailbox is not open to it");
    expect(finding.advice).toContain("Outlook.com: allow IMAP and POP");
  });
});

function serversOf({ servers }: World) {
  const { imap, pop, smtp } = servers;
  if (imap === undefined || pop === undefined || smtp === undefined) throw new Error("this world has no mail servers");
  return { imap, pop, smtp };
}
