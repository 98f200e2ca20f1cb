/** The checks of client, sign-in and token: against the real authorization server where it does such things, and a hostile one elsewhere. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { granted, refused, REPLIES, startHostileServer, type HostileServer } from "../../../lab/hostile.ts";
import { CONFIDENTIAL_CLIENT_ID, MAIL_SCOPES } from "../../../lab/registrations.ts";
import { obtainTokens, refresh } from "../../../lab/token-client.ts";
import { startWorld, type World } from "../../../lab/world.ts";
import type { AccountCheck, Finding } from "../../../src/doctor/check.ts";
import { clientAccountType } from "../../../src/doctor/checks/client-account-type.ts";
import { clientDisabled } from "../../../src/doctor/checks/client-disabled.ts";
import { clientRedirect } from "../../../src/doctor/checks/client-redirect.ts";
import { clientSecret } from "../../../src/doctor/checks/client-secret.ts";
import { otherTools } from "../../../src/doctor/checks/other-tools.ts";
import { renewal } from "../../../src/doctor/checks/renewal.ts";
import { resourceGranted } from "../../../src/doctor/checks/resource-granted.ts";
import { serverHost } from "../../../src/doctor/checks/server-host.ts";
import { signInAge } from "../../../src/doctor/checks/sign-in-age.ts";
import { tokenAudience } from "../../../src/doctor/checks/token-audience.ts";
import { tokenLength } from "../../../src/doctor/checks/token-length.ts";
import { tokenScopes } from "../../../src/doctor/checks/token-scopes.ts";
import { systemClock } from "../../../src/platform/clock.ts";
import { only, Patient, type PatientOptions } from "../patient.ts";

const ALL: readonly AccountCheck[] = [
  clientDisabled,
  clientAccountType,
  clientSecret,
  clientRedirect,
  renewal,
  signInAge,
  tokenAudience,
  tokenScopes,
  tokenLength,
  resourceGranted,
  serverHost,
  otherTools,
];
const DAY_MS = 86_400_000;

let world: World;
let hostile: HostileServer;
const patients: Patient[] = [];
beforeAll(async () => {
  [world, hostile] = await Promise.all([startWorld({ mail: "none" }), startHostileServer()]);
});
afterAll(() => Promise.all([world.stop(), hostile.stop()]));
afterEach(async () => {
  for (const patient of patients.splice(0)) patient.discharge();
  hostile.clear();
  await world.startAuthorizationServer();
});

async function admit(options: PatientOptions): Promise<Patient> {
  const patient = await Patient.admit(options);
  patients.push(patient);
  return patient;
}

/** Signed in at the real authorization server. */
async function signedIn(options: PatientOptions = {}, scopes?: readonly string[]): Promise<Patient> {
  const { refreshToken } = await obtainTokens(world, scopes === undefined ? {} : { scopes });
  return admit({ world, credential: { refreshToken }, ...options });
}

/** Signed in at the hostile one. */
function atHostile(
  account: PatientOptions["account"] = {},
  credential: PatientOptions["credential"] = {},
): Promise<Patient> {
  return admit({
    config: { caFile: hostile.caFile },
    credential: { refreshToken: "old-refresh-token", ...credential },
    account: { endpoints: { token: hostile.tokenEndpoint }, ...account },
  });
}

async function findings(patient: Patient, checks: readonly AccountCheck[] = ALL): Promise<Finding[]> {
  const found: Finding[] = [];
  for (const check of checks) found.push(...(await check.examine(patient.subject)));
  return found;
}

function jwt(claims: Readonly<Record<string, unknown>>): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part(claims)}.c2lnbmF0dXJl`;
}

test("a healthy account has no findings", async () => {
  expect(await findings(await signedIn())).toEqual([]);
});

describe("the client", () => {
  test("that was switched off is named, with the line that takes another one", async () => {
    const patient = await signedIn({ account: { client: { id: "08162f7c-0fd2-4200-a84a-f25a4db0b584" } } });
    const finding = only(await findings(patient, [clientDisabled, clientAccountType, clientSecret, renewal]));
    expect(finding.seen).toContain("Microsoft switched it off about 1 August 2024");
    expect(finding.remedy).toEqual([
      `mailkey add --replace --provider=microsoft --client=thunderbird ${world.address}`,
    ]);
  });

  test("that is for work accounts does not fit a personal one", async () => {
    const client = { id: "20460e5d-ce91-49af-a3a5-70b6be7486d1", preset: "evolution-ews" };
    const patient = await signedIn({ account: { provider: "microsoft-personal", client } });
    const finding = only(await findings(patient, [clientDisabled, clientAccountType, clientSecret, renewal]));
    expect(finding.seen).toBe(`the client Evolution EWS is for work accounts, and ${world.address} is a personal one`);
  });

  test("that is public must not send a secret: the provider refuses it, and this says why", async () => {
    const { account } = await signedIn().then((patient) => patient.subject);
    const patient = await signedIn({
      account: { client: { ...account.account.client, secret: { command: "echo s3cret" } } },
    });
    expect(await patient.subject.renewal()).toBeInstanceOf(Error);
    const finding = only(await findings(patient, [clientDisabled, clientAccountType, clientSecret, renewal]));
    expect(finding.seen).toBe("a client secret is set, and the client Mozilla Thunderbird is a public one");
    expect(JSON.stringify(finding)).not.toContain("s3cret");
  });

  test.each([
    ["a missing file", { file: "/nowhere/secret" }, "the client secret's file is missing: /nowhere/secret"],
    ["a failing command", { command: "exit 3" }, "the client secret's command failed with status 3"],
    ["an empty vault", "vault" as const, "the client secret is not in the vault"],
  ])("whose secret is in %s is found", async (_name, secret, words) => {
    const patient = await signedIn({ account: { client: { id: CONFIDENTIAL_CLIENT_ID, secret } } });
    expect(only(await findings(patient, [clientSecret])).seen).toContain(words);
  });

  test("that needs a secret and has none is found", async () => {
    const client = { id: "406964657835-aq8lmia8j95dhl1a2bvharmfk3t1hgqj.apps.googleusercontent.com" };
    const patient = await signedIn({ account: { provider: "google", client } });
    expect(only(await findings(patient, [clientSecret])).seen).toContain("has a secret, and none is set");
  });

  test("whose redirect is not a registered one is a warning before it matters", async () => {
    const patient = await signedIn({
      account: { client: { id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753", redirect_uris: ["http://localhost/callback"] } },
    });
    const finding = only(await findings(patient));
    expect(finding.severity).toBe("warning");
    expect(finding.seen).toContain("is registered with https://localhost");
  });

  test("that the provider does not know is told from an ended sign-in", async () => {
    const patient = await signedIn({ account: { client: { id: "00000000-1111-4222-8333-444444444444" } } });
    const finding = only(await findings(patient));
    expect(finding.seen).toContain("refuses the client of");
    expect(finding.means).toContain("signing in again does not help");
  });
});

describe("the sign-in", () => {
  test("that the provider has revoked wants a new one", async () => {
    const patient = await signedIn();
    world.revokeGrants(world.address);
    const finding = only(await findings(patient));
    expect(finding.seen).toContain("no longer accepts the sign-in");
    expect(finding.remedy).toEqual([`mailkey login ${world.address}`]);
  });

  test("that another program used as well, and lost it for both, is suspected", async () => {
    const { refreshToken } = await obtainTokens(world);
    await refresh(world, refreshToken); // the other program; the server now revokes the grant at the next use
    const patient = await admit({
      world,
      credential: { refreshToken, refreshedAt: systemClock.now() },
      account: { provider: "custom", scopes: { mail: Object.values(MAIL_SCOPES) } },
    });
    const finding = only(await findings(patient));
    expect(finding.means).toContain("another program may have used the same sign-in");
  });

  test("that Google ended after seven days points to “Testing”", async () => {
    hostile.reply(refused("invalid_grant", "Token has been expired or revoked."));
    const signedInAt = { wallMs: Date.now() - 7.2 * DAY_MS };
    const patient = await atHostile(
      { provider: "google", client: { id: "own.apps.googleusercontent.com" } },
      { signedInAt, refreshedAt: signedInAt },
    );
    expect(only(await findings(patient)).means).toContain("consent screen is “Testing”");
  });

  test("that nobody used for too long is said to be that", async () => {
    hostile.reply(REPLIES.unusedTooLong);
    const patient = await atHostile({}, { signedInAt: { wallMs: Date.now() - 100 * DAY_MS } });
    const finding = only(await findings(patient));
    expect(finding.means).toContain("not used for 100 days, and ends after 90");
    expect(finding.seen).toContain("AADSTS700082");
  });

  test("that dies of disuse soon, while the provider cannot be asked, is a warning", async () => {
    await world.stopAuthorizationServer();
    const patient = await admit({
      world,
      credential: { refreshToken: "r", signedInAt: { wallMs: Date.now() - 80 * DAY_MS } },
    });
    const finding = only(await findings(patient));
    expect(finding.seen).toContain("ends in 9 days unless it is used");
  });

  test("that the provider said will end soon is a warning, however well it works today", async () => {
    hostile.reply(granted({ refresh_token_expires_in: 2 * 86_400 + 60 }));
    const now = systemClock.now();
    const patient = await atHostile(
      { provider: "google", client: { id: "own.apps.googleusercontent.com" } },
      { signInEnd: { toldAt: now, seconds: 2 * 86_400 + 60, spanSeconds: 7 * 86_400 } },
    );
    const finding = only(await findings(patient, [signInAge]));
    expect(finding.seen).toContain("ends in 2 days");
    expect(finding.remedy).toEqual([`mailkey login ${patient.subject.account.address}`]);
    expect(finding.means).toContain("“Testing”");
  });

  test("that starts anew with each use, and has just been used, is no finding", async () => {
    hostile.reply(granted({ refresh_expires_in: 1800 }));
    const signInEnd = { toldAt: { wallMs: Date.now() - 1_700_000 }, seconds: 1800, spanSeconds: 1800 };
    expect(await findings(await atHostile({}, { signInEnd }), [signInAge])).toEqual([]);
  });

  test("a passing refusal of a provider that answers is no more than a warning", async () => {
    const patient = await atHostile();
    hostile.reply({ status: 503 }, refused("invalid_request"));
    const finding = only(await findings(patient, [renewal]));
    expect(finding.severity).toBe("warning");
    expect(finding.means).toContain("Nothing is lost");
  });
});

describe("the token", () => {
  test("without the scope for sending is found before SMTP refuses it", async () => {
    hostile.reply(granted({ scope: `${MAIL_SCOPES.imap} ${MAIL_SCOPES.pop}` }));
    const finding = only(await findings(await atHostile()));
    expect(finding.seen).toEndWith(`lacks ${MAIL_SCOPES.smtp}`);
    expect(finding.means).toStartWith("SMTP will refuse it");
  });

  test("scopes that a JWT names in short are granted ones", async () => {
    const scp = "IMAP.AccessAsUser.All POP.AccessAsUser.All SMTP.Send";
    hostile.reply(granted({ scope: "openid", access_token: jwt({ aud: "https://outlook.office.com", scp }) }));
    expect(await findings(await atHostile())).toEqual([]);
  });

  test("that is for Graph is found", async () => {
    const scope = Object.values(MAIL_SCOPES).join(" ");
    hostile.reply(granted({ scope, access_token: jwt({ aud: "00000003-0000-0000-c000-000000000000" }) }));
    const finding = only(await findings(await atHostile()));
    expect(finding.seen).toContain("is for Microsoft Graph, and Outlook was asked for");
  });

  test("that another client holds is found", async () => {
    const scope = Object.values(MAIL_SCOPES).join(" ");
    hostile.reply(
      granted({ scope, access_token: jwt({ aud: "https://outlook.office.com", appid: "another-client" }) }),
    );
    expect(only(await findings(await atHostile())).seen).toContain("belongs to the client another-client");
  });

  test("that was never granted for graph is found by asking for it", async () => {
    const account = {
      scopes: { outlook: Object.values(MAIL_SCOPES), graph: ["https://graph.microsoft.com/Mail.Send"] },
    };
    const patient = await signedIn({ account }, Object.values(MAIL_SCOPES));
    const finding = only(await findings(patient));
    expect(finding.seen).toContain("for graph are refused");
    expect(finding.remedy).toEqual([`mailkey login --resource=graph ${world.address}`]);
  });

  test("for graph that was granted is no finding", async () => {
    const scopes = [...Object.values(MAIL_SCOPES), "https://graph.microsoft.com/Mail.Send"];
    const account = {
      scopes: { outlook: Object.values(MAIL_SCOPES), graph: ["https://graph.microsoft.com/Mail.Send"] },
    };
    expect(await findings(await signedIn({ account }, scopes))).toEqual([]);
  });
});

describe("the servers of an account", () => {
  test("a personal account on the host of work accounts, and a port with the wrong TLS", async () => {
    const patient = await signedIn({
      account: {
        provider: "microsoft-personal",
        servers: {
          imap: { host: "outlook.office365.com", port: 993, security: "starttls" },
          smtp: { host: "smtp.office365.com", port: 587, security: "tls" },
        },
      },
    });
    const found = await findings(patient, [serverHost]);
    expect(found.map(({ seen }) => seen)).toEqual([
      `the IMAP server of ${world.address} is set to starttls on port 993, where TLS begins at once`,
      `the SMTP server of ${world.address} is smtp.office365.com`,
      `the SMTP server of ${world.address} is set to tls on port 587, where TLS begins after STARTTLS`,
    ]);
  });

  test("a work account on the host of personal accounts", async () => {
    const smtp = { host: "smtp-mail.outlook.com", port: 587, security: "starttls" } as const;
    const patient = await signedIn({ account: { servers: { smtp } } });
    expect(only(await findings(patient, [serverHost])).advice).toContain('host = "smtp.office365.com"');
  });
});

describe("other tools", () => {
  const CONFIGS = {
    ".config/pizauth.conf": (address: string, client: string) =>
      `account "a" { client_id = "${client}"; login_hint = "${address}"; }`,
    "emailproxy.config": (address: string, client: string) =>
      `[${address}]\nclient_id = ${client}\nclient_secret = s3cret\n`,
    ".config/oama/config.yaml": (address: string, client: string) =>
      `services:\n  m:\n    client_id: ${client}\n# ${address}\n`,
  };

  test.each(Object.entries(CONFIGS))(
    "%s with the same client is found where refresh tokens rotate",
    async (file, text) => {
      const account = { provider: "custom", scopes: { mail: Object.values(MAIL_SCOPES) } };
      const patient = await signedIn({ account });
      const path = patient.write(file, text(world.address, "9e5f94bc-e8a4-4e73-b8be-63364c29d753"));
      const finding = only(await findings(patient));
      expect(finding.seen).toContain(path);
      expect(JSON.stringify(finding)).not.toContain("s3cret");
    },
  );

  test("are no matter where an old refresh token stays good, or with another client", async () => {
    const microsoft = await signedIn();
    microsoft.write(
      "emailproxy.config",
      CONFIGS["emailproxy.config"](world.address, "9e5f94bc-e8a4-4e73-b8be-63364c29d753"),
    );
    const other = await signedIn({ account: { provider: "custom", scopes: { mail: Object.values(MAIL_SCOPES) } } });
    other.write("emailproxy.config", CONFIGS["emailproxy.config"](world.address, "another-client"));
    expect([...(await findings(microsoft)), ...(await findings(other))]).toEqual([]);
  });
});
