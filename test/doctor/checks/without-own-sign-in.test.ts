/** Accounts without a sign-in of their own: those that share one, and those where nobody signs in. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { granted, refused, startHostileServer, type HostileServer } from "../../../lab/hostile.ts";
import { saveAccount } from "../../../src/accounts/store.ts";
import { CHECK_GROUPS } from "../../../src/doctor/checks.ts";
import { examine, type ReportedFinding } from "../../../src/doctor/run.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { ACCOUNT, ADDRESS, DoctorHome } from "../home.ts";
import { Patient, type PatientOptions } from "../patient.ts";

const checksOf = (...groups: string[]) =>
  CHECK_GROUPS.filter(({ title }) => groups.includes(title)).flatMap(({ checks }) => checks);

let hostile: HostileServer;
const patients: Patient[] = [];
beforeAll(async () => {
  hostile = await startHostileServer();
});
afterAll(() => hostile.stop());
afterEach(() => {
  for (const patient of patients.splice(0)) patient.discharge();
  hostile.clear();
});

describe("mailboxes that share a sign-in", () => {
  const SHARED = "info@hotmail.com";
  const DEAD_CLIENT = { id: "08162f7c-0fd2-4200-a84a-f25a4db0b584" };

  async function examined(change: Parameters<DoctorHome["examine"]>[1] = {}): Promise<ReportedFinding[]> {
    const home = await DoctorHome.healthy();
    try {
      saveAccount(home.paths, { ...ACCOUNT, client: DEAD_CLIENT });
      saveAccount(home.paths, { address: SHARED, credential: ADDRESS });
      rmSync(home.path("state", "vault", `${ADDRESS}.age`));
      const credential = checksOf("Vault", "Provider and token").filter(({ id }) =>
        ["credential", "client-disabled"].includes(id),
      );
      return await home.examine(credential, change);
    } finally {
      home.dispose();
    }
  }

  test("have one finding for each cause, and it is the lender's", async () => {
    const findings = await examined();
    expect(findings.map(({ check, addresses }) => [check, addresses])).toEqual([
      ["credential", [ADDRESS]],
      ["client-disabled", [ADDRESS]],
    ]);
  });

  test("are mended in the lender's account, also when they alone are examined", async () => {
    const findings = await examined({ addresses: [SHARED] });
    expect(findings.map(({ addresses }) => addresses)).toEqual([[SHARED], [SHARED]]);
    for (const { remedy } of findings) {
      expect(remedy.join("\n")).toContain(ADDRESS);
      expect(remedy.join("\n")).not.toContain(SHARED);
    }
  });
});

describe("mailboxes that share a sign-in which cannot be renewed", () => {
  test("ask the provider once for all of them", async () => {
    const home = await DoctorHome.healthy({ NODE_EXTRA_CA_CERTS: hostile.caFile });
    try {
      saveAccount(home.paths, { ...ACCOUNT, endpoints: { token: hostile.tokenEndpoint } });
      for (const address of ["a@hotmail.com", "z@hotmail.com"])
        saveAccount(home.paths, { address, credential: ADDRESS });
      const asked = hostile.requests.length;
      const machine = await home.machine({ clock: systemClock });
      const answers = await Promise.all(machine.accounts.map((subject) => subject.renewal()));
      expect(answers).toHaveLength(3);
      for (const answer of answers)
        expect(answer instanceof Error ? answer.message : "").toContain(`cannot renew the token of ${ADDRESS}`);
      expect(hostile.requests.slice(asked).map(({ form }) => form["grant_type"])).toEqual(["refresh_token"]);
    } finally {
      home.dispose();
    }
  });
});

describe("an account where nobody signs in", () => {
  async function admit(account: PatientOptions["account"], credential?: PatientOptions["credential"]) {
    const options = { config: { caFile: hostile.caFile }, credential };
    const patient = await Patient.admit({
      ...options,
      account: { endpoints: { token: hostile.tokenEndpoint }, scopes: {}, ...account },
    });
    patients.push(patient);
    return patient;
  }
  const application = (secret: string | undefined) =>
    admit({
      grant: "client_credentials",
      client: { id: "app-1", secret: secret === undefined ? "vault" : { command: secret } },
    });
  const robot = (serviceAccount: "vault" | { file: string }) =>
    admit({ provider: "google", client: { id: "123" }, service_account: serviceAccount });
  const keyFile = () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    return JSON.stringify({
      type: "service_account",
      client_email: "robot@project.test",
      client_id: "123",
      private_key_id: "k",
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      token_uri: hostile.tokenEndpoint,
    });
  };

  async function findings(patient: Patient): Promise<ReportedFinding[]> {
    const own = checksOf("Vault", "Provider and token");
    return (await examine(patient.machine, own)).filter(({ addresses }) => addresses.length > 0);
  }

  test("is healthy before its first token, which is asked for", async () => {
    hostile.reply(granted({ refresh_token: undefined }));
    expect(await findings(await application("echo s3cret"))).toEqual([]);
    expect(hostile.requests.some(({ form }) => form["grant_type"] === "client_credentials")).toBe(true);
  });

  test("and whose client is refused is found before its first token, too", async () => {
    hostile.reply(refused("invalid_client", "AADSTS7000222: the secret is expired"));
    const [finding, ...others] = await findings(await application("echo s3cret"));
    expect(others).toEqual([]);
    expect(finding?.check).toBe("renewal");
    expect(finding?.seen).toContain("refuses the client of anna@mail.test");
  });

  test("and whose secret is gone from the vault is added anew as what it is", async () => {
    const [finding, ...others] = await findings(await application(undefined));
    expect(others).toEqual([]);
    expect(finding?.seen).toBe("the client secret is not in the vault");
    expect(finding?.remedy).toEqual([
      "mailkey add --replace --app-only --client-id=app-1 --client-secret-file=FILE anna@mail.test",
    ]);
  });

  test("and whose service account's key is missing, or damaged, or not in the vault is found", async () => {
    const patient = await robot({ file: "~/key.json" });
    const path = join(patient.home, "key.json");
    expect((await findings(patient)).map(({ seen }) => seen)).toEqual([
      "the service account's key file is missing: ~/key.json",
    ]);
    writeFileSync(path, keyFile().slice(1), { mode: 0o600 });
    const [damaged] = await findings(patient);
    expect(damaged?.seen).toBe("cannot use ~/key.json: it is not JSON");
    expect(damaged?.advice).toContain("It is named by service_account there.");
    const [lost, ...others] = await findings(await robot("vault"));
    expect(others).toEqual([]);
    expect(lost?.remedy).toEqual(["mailkey add --replace --service-account=FILE --key-in-vault anna@mail.test"]);
  });

  test("and whose service account's key is good has no findings", async () => {
    const patient = await robot({ file: "~/key.json" });
    writeFileSync(join(patient.home, "key.json"), keyFile(), { mode: 0o600 });
    hostile.reply(granted({ refresh_token: undefined, scope: undefined }));
    expect(await findings(patient)).toEqual([]);
  });
});
