/** The checks of the network, each with a network that is really broken in its way. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { makeCertificates } from "../../../lab/certificates.ts";
import { granted, REPLIES, startHostileServer, type HostileServer } from "../../../lab/hostile.ts";
import { freePorts } from "../../../lab/ports.ts";
import { startWorld, type World } from "../../../lab/world.ts";
import { caFile } from "../../../src/doctor/checks/ca-file.ts";
import { providerClock } from "../../../src/doctor/checks/provider-clock.ts";
import { dns } from "../../../src/doctor/checks/dns.ts";
import { providerReach } from "../../../src/doctor/checks/provider-reach.ts";
import { providerTls } from "../../../src/doctor/checks/provider-tls.ts";
import { proxy } from "../../../src/doctor/checks/proxy.ts";
import { systemClock, type Clock } from "../../../src/platform/clock.ts";
import { NOWHERE, only, Patient, type PatientOptions } from "../patient.ts";

let world: World;
let hostile: HostileServer;
const patients: Patient[] = [];
beforeAll(async () => {
  [world, hostile] = await Promise.all([startWorld({ mail: "smtp" }), startHostileServer()]);
});
afterAll(() => Promise.all([world.stop(), hostile.stop()]));
afterEach(async () => {
  for (const patient of patients.splice(0)) patient.discharge();
  hostile.clear();
  await world.startAuthorizationServer();
});

async function admit(options: PatientOptions = {}): Promise<Patient> {
  const patient = await Patient.admit({ world, ...options });
  patients.push(patient);
  return patient;
}

function withToken(token: string): PatientOptions {
  return { account: { endpoints: { token } } };
}

async function closedPort(): Promise<number> {
  const [port = 0] = await freePorts(1);
  return port;
}

test("a healthy network has no findings", async () => {
  const { machine } = await admit();
  for (const check of [dns, proxy, caFile, providerReach, providerTls, providerClock]) {
    expect(await check.examine(machine)).toEqual([]);
  }
});

describe("names", () => {
  test("a misspelt mail server is named, with the account that has it", async () => {
    const server = { host: "imap.mail.invalid", port: 993, security: "tls" } as const;
    const { machine } = await admit({ account: { servers: { imap: server, pop: NOWHERE, smtp: NOWHERE } } });
    const finding = only(await dns.examine(machine));
    expect(finding.seen).toStartWith("imap.mail.invalid cannot be looked up: ");
    expect(finding.remedy).toEqual([`mailkey show ${world.address}`]);
  });

  test("when no name at all can be looked up, it is said once", async () => {
    const host = (name: string) => ({ host: `${name}.invalid`, port: 993, security: "tls" }) as const;
    const { machine } = await admit({
      account: {
        endpoints: { token: "https://login.invalid/token" },
        servers: { imap: host("imap"), pop: host("pop"), smtp: host("smtp") },
      },
    });
    expect(only(await dns.examine(machine)).seen).toStartWith("no name can be looked up: login.invalid, imap.invalid");
    expect(await providerReach.examine(machine)).toEqual([]);
  });
});

describe("a proxy", () => {
  test("that does not listen is found, and the provider is not blamed", async () => {
    const port = await closedPort();
    const { machine } = await admit({ env: { HTTPS_PROXY: `http://user:s3cret-password@127.0.0.1:${port}` } });
    const finding = only(await proxy.examine(machine));
    expect(finding.seen).toBe(
      `HTTPS_PROXY names the proxy 127.0.0.1:${port}, which cannot be used: connection refused`,
    );
    expect(finding.remedy).toEqual(["unset HTTPS_PROXY"]);
    expect(JSON.stringify(finding)).not.toContain("s3cret");
    expect(await providerReach.examine(machine)).toEqual([]);
  });

  test("without a scheme is found, with the line that has one", async () => {
    const { machine } = await admit({ env: { https_proxy: "proxy.example:3128" } });
    const finding = only(await proxy.examine(machine));
    expect(finding.seen).toContain("https_proxy is not the URL of an HTTP proxy: proxy.example:3128");
    expect(finding.remedy).toEqual(["export https_proxy=http://proxy.example:3128"]);
  });

  test("that is malformed and may hold a password is not shown", async () => {
    const { machine } = await admit({ env: { HTTPS_PROXY: "user:s3cret@proxy:80" } });
    expect(JSON.stringify(only(await proxy.examine(machine)))).not.toContain("s3cret");
  });

  test("is no matter for hosts that are exempt", async () => {
    const port = await closedPort();
    const { machine } = await admit({ env: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: "localhost" } });
    expect(await proxy.examine(machine)).toEqual([]);
  });
});

describe("authorities of the user's own", () => {
  test("a missing ca_file is an error, and nothing else is blamed", async () => {
    const { machine } = await admit({ config: { caFile: join(world.folder, "none.pem") } });
    expect(only(await caFile.examine(machine)).seen).toBe(
      `network.ca_file, ${join(world.folder, "none.pem")}, does not exist`,
    );
    for (const check of [providerReach, providerTls, providerClock]) expect(await check.examine(machine)).toEqual([]);
  });

  test.each([
    ["holds no certificate in PEM form", "not a certificate"],
    ["holds a damaged certificate (number 1)", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"],
  ])("a ca_file that %s is an error", async (what, text) => {
    const patient = await admit();
    const path = patient.write("ca.pem", text);
    const { machine } = await admit({ config: { caFile: path } });
    expect(only(await caFile.examine(machine)).seen).toEndWith(what);
  });

  test("expired authorities and a missing NODE_EXTRA_CA_CERTS are warnings", async () => {
    const years: Clock = { ...systemClock, now: () => ({ wallMs: Date.now() + 3 * 365 * 86_400_000 }) };
    const { machine } = await admit({ clock: years, env: { NODE_EXTRA_CA_CERTS: "/nowhere/ca.pem" } });
    const findings = await caFile.examine(machine);
    expect(findings.map(({ severity }) => severity)).toEqual(["warning", "warning"]);
    expect(findings[1]?.seen).toBe("NODE_EXTRA_CA_CERTS names /nowhere/ca.pem, which does not exist");
  });
});

describe("the token endpoint", () => {
  test("that refuses connections is unreachable", async () => {
    await world.stopAuthorizationServer();
    const { machine } = await admit();
    const finding = only(await providerReach.examine(machine));
    expect(finding.severity).toBe("error");
    expect(finding.seen).toContain(`cannot reach ${new URL(world.endpoints.token).host}`);
  });

  test("that never answers is given up in time", async () => {
    hostile.reply("silence");
    const { machine } = await admit({ ...withToken(hostile.tokenEndpoint), config: { caFile: hostile.caFile } });
    const impatient = { ...machine, signal: AbortSignal.timeout(200) };
    expect(only(await providerReach.examine(impatient)).seen).toContain("did not answer");
  });

  test("whose place a captive portal has taken is told from the real one", async () => {
    hostile.reply(REPLIES.html);
    const { machine } = await admit({ ...withToken(hostile.tokenEndpoint), config: { caFile: hostile.caFile } });
    const finding = only(await providerReach.examine(machine));
    expect(finding.seen).toContain("answers 200 with text/html instead of JSON");
    expect(finding.means).toContain("hotel");
  });

  test("that answers to questions as no other does, and still gives tokens, is in order", async () => {
    hostile.reply({ status: 400, headers: { "content-type": "text/html" }, body: "<h1>400</h1>" }, granted());
    const { machine } = await admit({
      ...withToken(hostile.tokenEndpoint),
      config: { caFile: hostile.caFile },
      credential: { refreshToken: "r" },
    });
    expect(await providerReach.examine(machine)).toEqual([]);
  });

  test("that is down for a while is a warning", async () => {
    hostile.reply(REPLIES.unavailable);
    const { machine } = await admit({ ...withToken(hostile.tokenEndpoint), config: { caFile: hostile.caFile } });
    const finding = only(await providerReach.examine(machine));
    expect(finding.severity).toBe("warning");
    expect(finding.seen).toContain("answers 503");
  });

  test("a certificate of an unknown authority is shown with its issuer", async () => {
    const { machine } = await admit({ config: { caFile: undefined } });
    const finding = only(await providerTls.examine(machine));
    expect(finding.seen).toContain("issued by “mailkey lab authority”");
    expect(await providerReach.examine(machine)).toEqual([]);
  });

  test("an authority that is not the server's does not help", async () => {
    const patient = await admit();
    const other = patient.write("other.pem", (await makeCertificates()).caPem);
    const { machine } = await admit({ config: { caFile: other } });
    expect(only(await providerTls.examine(machine)).seen).toContain("certificate");
  });

  test("something that speaks no TLS is unreachable, not untrusted", async () => {
    const server = createServer((socket) => socket.end("220 hello\r\n"));
    await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
    const url = `https://localhost:${(server.address() as AddressInfo).port}/token`;
    const { machine } = await admit(withToken(url));
    expect(await providerTls.examine(machine)).toEqual([]);
    expect(only(await providerReach.examine(machine)).severity).toBe("error");
    server.close();
  });
});

describe("the clock", () => {
  test.each([
    [7 * 60_000, "7 min ahead of"],
    [-3 * 3_600_000, "3 h behind"],
    [400 * 86_400_000, "400 days ahead of"],
  ])("that is %d ms off is found", async (offMs, words) => {
    const wrong: Clock = { ...systemClock, now: () => ({ wallMs: Date.now() + offMs }) };
    const { machine } = await admit({ clock: wrong });
    expect(only(await providerClock.examine(machine)).seen).toContain(words);
  });

  test("that is half a minute off is good enough", async () => {
    const fair: Clock = { ...systemClock, now: () => ({ wallMs: Date.now() - 30_000 }) };
    expect(await providerClock.examine((await admit({ clock: fair })).machine)).toEqual([]);
  });
});
