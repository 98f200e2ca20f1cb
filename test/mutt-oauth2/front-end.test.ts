import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import type { LoginRequest } from "../../src/mail/login.ts";
import type { LoginReport } from "../../src/mail/report.ts";
import { loadRegistration } from "../../src/mutt-oauth2/registrations.ts";
import { renewTokenFile } from "../../src/mutt-oauth2/renewal.ts";
import { parseScript } from "../../src/mutt-oauth2/script.ts";
import { readTokenFile } from "../../src/mutt-oauth2/token-file.ts";
import { systemClock } from "../../src/platform/clock.ts";
import {
  CAT,
  editScript,
  localIso,
  pipeFlags,
  scriptCopies,
  startStub,
  tokenFields,
  World,
  type Stub,
} from "./world.ts";

const PIPES = pipeFlags(CAT);
const GRANT = { access_token: "access-1", refresh_token: "refresh-1", expires_in: 3600, token_type: "Bearer" };

let stub: Stub;
let world: World;

beforeAll(async () => {
  stub = await startStub();
});
afterAll(() => stub.stop());
beforeEach(() => {
  world = new World();
  stub.requests.length = 0;
  stub.answer = () => ({ body: GRANT });
});
afterEach(() => world.remove());

function store(changes: Record<string, unknown> = {}): void {
  world.write("tokens", JSON.stringify(tokenFields(changes)));
}

const EXPIRED = { access_token_expiration: localIso(-10) };

describe("renewing", () => {
  test("goes to the provider's own endpoint, without scope and without an empty secret", async () => {
    store(EXPIRED);
    await world.ours([...PIPES, world.tokenFile], stub);
    const [request] = stub.requests;
    expect(request?.url).toBe("https://login.microsoftonline.com/common/oauth2/v2.0/token");
    expect([...(request?.parameters.keys() ?? [])].toSorted()).toEqual(["client_id", "grant_type", "refresh_token"]);
  });

  test("sends the secret of a confidential client", async () => {
    store({ ...EXPIRED, registration: "google", client_secret: "confidential" });
    await world.ours([...PIPES, world.tokenFile], stub);
    expect(stub.requests[0]?.url).toBe("https://oauth2.googleapis.com/token");
    expect(stub.requests[0]?.parameters.get("client_secret")).toBe("confidential");
  });

  test("asks again with the scope when the server insists on one", async () => {
    store(EXPIRED);
    stub.answer = ({ parameters }) =>
      parameters.has("scope") ? { body: GRANT } : { status: 400, body: { error: "invalid_request" } };
    const { stdout } = await world.ours([...PIPES, world.tokenFile], stub);
    expect(stdout).toBe("access-1\n");
    expect(stub.requests[1]?.parameters.get("scope")).toContain("https://outlook.office.com/IMAP.AccessAsUser.All");
  });

  test("happens before the end, when the token has less left than the margin", async () => {
    store({ access_token_expiration: localIso(300) });
    utimesSync(world.tokenFile, Date.now() / 1000 - 3300, Date.now() / 1000 - 3300);
    expect(await world.ours([...PIPES, world.tokenFile], stub)).toMatchObject({ stdout: "access-1\n" });
  });

  test("keeps the refresh token when the server sends no new one", async () => {
    store(EXPIRED);
    stub.answer = () => ({ body: { access_token: "access-1", token_type: "Bearer", expires_in: "3599" } });
    await world.ours([...PIPES, world.tokenFile], stub);
    expect(world.fields()).toMatchObject({ access_token: "access-1", refresh_token: "refresh-0" });
  });

  test("happens once when many ask at the same time", async () => {
    store(EXPIRED);
    const asked = Array.from({ length: 12 }, () => world.ours([...PIPES, world.tokenFile], stub));
    const outcomes = await Promise.all(asked);
    expect(outcomes.map(({ stdout }) => stdout)).toEqual(Array.from({ length: 12 }, () => "access-1\n"));
    expect(stub.requests).toHaveLength(1);
  });

  test("does not happen when another process was faster between the first look and the lock", async () => {
    store(EXPIRED);
    const pipes = { decryption: ["cat"], encryption: ["cat"], env: world.env };
    const stale = await readTokenFile(world.tokenFile, pipes);
    await world.ours([...PIPES, world.tokenFile], stub);
    if (stale === undefined) throw new Error("the token file is there");
    const { file } = await renewTokenFile(
      stale,
      await loadRegistration("microsoft"),
      undefined,
      pipes,
      world.ports(stub),
    );
    expect(file.accessToken?.token).toBe("access-1");
    expect(stub.requests).toHaveLength(1);
  });

  test("does not spend the refresh token when the file cannot be written", async () => {
    store(EXPIRED);
    const broken = ["--decryption-pipe", "cat", "--encryption-pipe", "false"];
    const outcome = await world.ours([...broken, world.tokenFile], stub);
    expect(outcome).toMatchObject({ status: 77, stdout: "" });
    expect(outcome.stderr).toContain("ERR_VAULT_UNUSABLE");
    expect(stub.requests).toHaveLength(0);
    expect(world.fields()).toMatchObject({ refresh_token: "refresh-0" });
  });

  test("leaves the file's tokens alone when the provider is down, and says so", async () => {
    store(EXPIRED);
    stub.answer = () => ({ status: 503, body: "<html>down</html>" });
    const outcome = await world.ours([...PIPES, world.tokenFile], stub);
    expect(outcome).toMatchObject({ stdout: "" });
    expect(outcome.stderr).toContain("ERR_PROVIDER_UNAVAILABLE");
    expect(world.fields()).toMatchObject({ access_token: "access-0", refresh_token: "refresh-0" });
  });

  test("that fails serves the token that is still valid, with a warning", async () => {
    for (const answer of [
      { status: 503, body: "down" },
      { status: 400, body: { error: "invalid_grant" } },
    ]) {
      store({ access_token_expiration: localIso(300) });
      utimesSync(world.tokenFile, Date.now() / 1000 - 3300, Date.now() / 1000 - 3300);
      stub.answer = () => answer;
      const outcome = await world.ours([...PIPES, world.tokenFile], stub);
      expect(outcome).toMatchObject({ status: 0, stdout: "access-0\n" });
      expect(outcome.stderr).toContain("warning: ");
    }
  });

  test("that is refused says to sign in again, by the command that does it", async () => {
    store(EXPIRED);
    stub.answer = () => ({ status: 400, body: { error: "invalid_grant", error_description: "AADSTS700082: expired" } });
    const { stderr } = await world.ours([...PIPES, world.tokenFile], stub);
    expect(stderr).toContain("ERR_SIGN_IN_AGAIN");
    expect(stderr).toContain(`hint: mailkey mutt-oauth2 --verbose --authorize ${world.tokenFile}`);
  });

  test("that is refused for the client's sake does not send people to sign in", async () => {
    store(EXPIRED);
    stub.answer = () => ({ status: 401, body: { error: "invalid_client" } });
    expect((await world.ours([...PIPES, world.tokenFile], stub)).stderr).toContain("ERR_CLIENT_REJECTED");
  });

  test("follows a symbolic link and minds no folder that others may write to", async () => {
    mkdirSync(world.path("shared"));
    chmodSync(world.path("shared"), 0o775);
    world.write("shared/real", JSON.stringify(tokenFields(EXPIRED)));
    symlinkSync(world.path("shared/real"), world.tokenFile);
    expect(await world.ours([...PIPES, world.tokenFile], stub)).toMatchObject({ status: 0, stdout: "access-1\n" });
    expect(lstatSync(world.tokenFile).isSymbolicLink()).toBe(true);
    expect(readFileSync(world.path("shared/real"), "utf8")).toContain("access-1");
  });
});

describe("the token file", () => {
  test("of the older script needs a client once, and keeps it", async () => {
    const { client_id: _id, client_secret: _secret, ...older } = tokenFields(EXPIRED);
    world.write("tokens", JSON.stringify(older));
    const without = await world.ours([...PIPES, world.tokenFile], stub);
    expect(without).toMatchObject({ stdout: "" });
    expect(without.stderr).toContain("--client-id");
    expect(stub.requests).toHaveLength(0);
    await world.ours([...PIPES, "--client-id", "mine", world.tokenFile], stub);
    expect(stub.requests[0]?.parameters.get("client_id")).toBe("mine");
    expect(world.fields()).toMatchObject({ client_id: "mine", client_secret: "" });
  });

  test("that ends in the middle is neither used nor overwritten", async () => {
    const half = JSON.stringify(tokenFields()).slice(0, -30);
    world.write("tokens", half);
    const outcome = await world.ours([...PIPES, world.tokenFile], stub);
    expect(outcome).toMatchObject({ stdout: "" });
    expect(outcome.stderr).not.toContain("refresh-0");
    expect(readFileSync(world.tokenFile, "utf8")).toBe(half);
  });

  test("shows none of its secrets on standard error, at the highest verbosity and in every failure", async () => {
    const secrets = [
      "access-0-secret",
      "refresh-0-secret",
      "client-secret-0",
      "access-1-secret",
      "refresh-1-secret",
    ] as const;
    const fields = {
      access_token: secrets[0],
      refresh_token: secrets[1],
      client_secret: secrets[2],
    };
    const grant = { ...GRANT, access_token: secrets[3], refresh_token: secrets[4] };
    const answers = [
      { body: grant },
      { status: 400, body: { error: "invalid_grant", error_description: `refused ${secrets[1]} ${secrets[2]}` } },
      { status: 500, body: `<html>${secrets[1]}</html>` },
      { body: { ...grant, access_token: undefined } },
    ];
    for (const answer of answers) {
      store({ ...EXPIRED, ...fields });
      stub.answer = () => answer;
      const { stderr } = await world.ours([...PIPES, "-v", "-d", world.tokenFile], stub);
      expect(stderr).toContain("asking Microsoft");
      for (const secret of secrets) expect([answer, stderr.includes(secret)]).toEqual([answer, false]);
    }
  });
});

describe("the note that mailkey leaves in the token file", () => {
  test("counts more than the local time, which means something else after a journey", async () => {
    const access_token_expiration = localIso(6 * 3600);
    const obtainedAt = { wallMs: Date.now() - 2 * 3600_000 };
    store({
      access_token_expiration,
      mailkey: { expiration: access_token_expiration, obtainedAt, lifetimeSeconds: 3600 },
    });
    expect(await world.ours([...PIPES, world.tokenFile], stub)).toMatchObject({ stdout: "access-1\n" });
  });

  test("counts for nothing beside an expiration that the script wrote later, nor when it is no note", async () => {
    const obtainedAt = { wallMs: Date.now() - 2 * 3600_000 };
    for (const mailkey of [
      { expiration: localIso(-5000), obtainedAt, lifetimeSeconds: 3600 },
      "note",
      null,
      { expiration: 1 },
    ]) {
      store({ mailkey });
      expect(await world.ours([...PIPES, world.tokenFile], stub)).toMatchObject({ stdout: "access-0\n" });
    }
  });
});

describe("pipes and client", () => {
  test.each(scriptCopies())("are not in $name as it is installed", ({ text, hasFlags }) => {
    const encryptionPipe = hasFlags ? ["gpg", "--encrypt", "--default-recipient-self"] : undefined;
    expect(parseScript(text)).toEqual({ decryptionPipe: ["gpg", "--decrypt"], encryptionPipe, clients: {} });
  });

  const copy = scriptCopies().find(({ hasFlags }) => !hasFlags);

  test.skipIf(copy === undefined)("are taken from an edited copy of the older script", async () => {
    const { client_id: _id, client_secret: _secret, ...older } = tokenFields(EXPIRED);
    world.write("tokens", JSON.stringify(older));
    const pipes = { encryption: ["sh", "-c", "cat; : 'it''s'"], decryption: ["cat", "-"] };
    world.write("edited.py", editScript(copy?.text ?? "", stub, { pipes, clientId: "from-script" }));
    const outcome = await world.ours(["--script", world.path("edited.py"), world.tokenFile], stub);
    expect(outcome).toEqual({ status: 0, stdout: "access-1\n", stderr: "" });
    expect(stub.requests[0]?.parameters.get("client_id")).toBe("from-script");
  });

  test("are taken from mutt-oauth2.toml when no flag gives them", async () => {
    store(EXPIRED);
    mkdirSync(world.path("config"));
    world.write("config/mutt-oauth2.toml", 'decryption_pipe = "cat"\nencryption_pipe = "tr a-z A-Z"\n');
    const outcome = await world.ours(["--encryption-pipe", "cat", world.tokenFile], stub);
    expect(outcome).toEqual({ status: 0, stdout: "access-1\n", stderr: "" });
    expect(world.fields()).toMatchObject({ access_token: "access-1" });
  });

  test("that cannot be run, or refuse, end with their own words and the way to try them", async () => {
    store();
    const missing = await world.ours(["--decryption-pipe", "no-such-program", world.tokenFile], stub);
    expect(missing.stderr).toContain("ERR_PROGRAM: no-such-program is not installed");
    const refusing = await world.ours(["--decryption-pipe", "sh -c 'echo locked >&2; exit 3'", world.tokenFile], stub);
    expect(refusing).toMatchObject({ stdout: "" });
    expect(refusing.stderr).toContain("sh ended with status 3: locked");
  });
});

describe("the clock", () => {
  test("that was put forward and back again does not keep a token alive", async () => {
    store({ access_token_expiration: localIso(400 * 86_400) });
    expect(await world.ours([...PIPES, world.tokenFile], stub)).toMatchObject({ stdout: "access-1\n" });
  });

  test("that was set back after renewing does not make the token younger", async () => {
    store(EXPIRED);
    const wallMs = Date.now() + 10 * 3600_000;
    const ahead = { now: () => ({ wallMs }), sleep: (ms: number) => systemClock.sleep(ms) };
    expect(await world.ours([...PIPES, world.tokenFile], stub, { clock: ahead })).toMatchObject({
      stdout: "access-1\n",
    });
    stub.answer = () => ({ body: { ...GRANT, access_token: "access-2" } });
    expect(await world.ours([...PIPES, world.tokenFile], stub)).toMatchObject({ stdout: "access-2\n" });
  });
});

test("nothing is left behind in the token file's folder", async () => {
  store(EXPIRED);
  await world.ours([...PIPES, world.tokenFile], stub);
  expect(existsSync(world.path("state/locks"))).toBe(true);
  expect(readdirSync(world.folder).toSorted()).toEqual(["state", "tokens"]);
});

function accepts(request: LoginRequest): LoginReport {
  const { protocol, server } = request;
  const words = { greeting: "hello", said: "done" };
  return { ok: true, protocol, server, mechanism: "XOAUTH2", tlsVersion: "TLSv1.3", ...words };
}

function refusesPop(request: LoginRequest): Promise<LoginReport> {
  const { protocol, server } = request;
  if (protocol !== "pop") return Promise.resolve(accepts(request));
  const failure = {
    stage: "authentication",
    reason: "refused",
    message: "the server refuses",
    said: "-ERR off",
  } as const;
  return Promise.resolve({ ok: false, protocol, server, ...failure });
}

describe("--test", () => {
  test("logs in to the servers that the script knows, and says so as it does", async () => {
    store();
    const requests: LoginRequest[] = [];
    const testLogin = (request: LoginRequest) => {
      requests.push(request);
      return Promise.resolve(accepts(request));
    };
    const outcome = await world.ours([...PIPES, "-vt", world.tokenFile], stub, { testLogin });
    const lines = ["IMAP", "POP", "SMTP"].map((name) => `${name} authentication succeeded\n`).join("");
    expect(outcome).toEqual({ status: 0, stdout: `Access Token: access-0\n${lines}`, stderr: "" });
    expect(requests.map(({ server: { host, port } }) => `${host}:${port}`)).toEqual([
      "outlook.office365.com:993",
      "outlook.office365.com:995",
      "smtp.office365.com:587",
    ]);
    for (const { text } of scriptCopies()) {
      for (const line of lines.trim().split("\n")) expect(text).toContain(`print('${line}')`);
    }
  });

  test("tries all servers and fails when one refuses, in the server's words", async () => {
    store();
    const outcome = await world.ours([...PIPES, "-t", "-v", world.tokenFile], stub, { testLogin: refusesPop });
    expect(outcome.status).toBe(1);
    expect(outcome.stdout).toContain("SMTP authentication succeeded");
    expect(outcome.stdout).not.toContain("POP");
    expect(outcome.stderr).toContain("POP authentication FAILED: the server refuses; the server says: -ERR off");
  });
});
