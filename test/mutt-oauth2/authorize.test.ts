import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { systemClock, type Clock } from "../../src/platform/clock.ts";
import { maySkip } from "../vault/support.ts";
import { CAT, pipeFlags, scriptCopies, startStub, tokenFields, World, type Stub, type TokenRequest } from "./world.ts";

const PIPES = pipeFlags(CAT);
const GRANT = { access_token: "access-1", refresh_token: "refresh-1", expires_in: 3600, token_type: "Bearer" };
const DEVICE = {
  device_code: "device-code-1",
  user_code: "ABCD-EFGH",
  verification_uri: "https://microsoft.com/devicelogin",
  expires_in: 900,
  interval: 0, // the script then polls without a pause
  message: "type ABCD-EFGH",
};

/** Time as it is, but nobody waits. */
const HASTY: Clock = { now: () => systemClock.now(), sleep: () => Promise.resolve() };

let stub: Stub;
let world: World;

beforeAll(async () => {
  stub = await startStub();
});
afterAll(() => stub.stop());
beforeEach(() => {
  world = new World();
  stub.requests.length = 0;
  stub.answer = (request) => ({ body: isDevice(request) ? DEVICE : GRANT });
});
afterEach(() => world.remove());

function isDevice({ url }: TokenRequest): boolean {
  return url.endsWith("/devicecode");
}

const CREATED = {
  registration: "microsoft",
  authflow: "devicecode",
  email: "me@example.com",
  access_token: "access-1",
  refresh_token: "refresh-1",
  client_id: "client-1",
  client_secret: "",
};

describe("--authorize", () => {
  test("makes a token file out of answers in the script's order, by device code", async () => {
    const input = ["microsoft", "devicecode", "me@example.com", "client-1", ""];
    const outcome = await world.ours([...PIPES, "--authorize", "-v", world.tokenFile], stub, { input, clock: HASTY });
    expect(outcome).toMatchObject({ status: 0, stdout: "Access Token: access-1\n" });
    expect(outcome.stderr).toContain("https://microsoft.com/devicelogin");
    expect(outcome.stderr).toContain("ABCD-EFGH");
    expect(world.fields()).toMatchObject(CREATED);
    const [start] = stub.requests;
    expect(start?.url).toBe("https://login.microsoftonline.com/common/oauth2/v2.0/devicecode");
    expect(start?.parameters.get("scope")?.split(" ")).toEqual(
      expect.arrayContaining([
        "offline_access",
        "https://outlook.office.com/IMAP.AccessAsUser.All",
        "https://outlook.office.com/POP.AccessAsUser.All",
        "https://outlook.office.com/SMTP.Send",
      ]),
    );
    for (const { parameters } of stub.requests) expect(parameters.has("client_secret")).toBe(false);
  });

  test("takes all answers from flags, and asks nothing", async () => {
    const flags = [
      "--provider",
      "microsoft",
      "--authflow=devicecode",
      "--email",
      "me@example.com",
      "--client-id=client-1",
    ];
    const outcome = await world.ours(
      [...PIPES, "-a", ...flags, "--client-secret", "s3cret-value", world.tokenFile],
      stub,
      { clock: HASTY },
    );
    expect(outcome.status).toBe(0);
    expect(world.fields()).toMatchObject({ ...CREATED, client_secret: "s3cret-value" });
    expect(stub.requests.at(-1)?.parameters.get("client_secret")).toBe("s3cret-value");
  });

  test("signs in by a code that is pasted, with PKCE", async () => {
    world.write("tokens", JSON.stringify(tokenFields()));
    const words = [...PIPES, "--authorize", "--authflow", "authcode", world.tokenFile];
    const outcome = await world.ours(words, stub, { input: ["pasted-code-1"] });
    expect(outcome).toMatchObject({ status: 0, stdout: "access-1\n" });
    const address = addressIn(outcome.stderr);
    expect(address.origin + address.pathname).toBe("https://login.microsoftonline.com/common/oauth2/v2.0/authorize");
    expect(Object.fromEntries(address.searchParams)).toMatchObject({
      redirect_uri: "https://login.microsoftonline.com/common/oauth2/nativeclient",
      code_challenge_method: "S256",
      login_hint: "me@example.com",
    });
    const [exchange] = stub.requests;
    expect(exchange?.parameters.get("code")).toBe("pasted-code-1");
    expect(exchange?.parameters.get("code_verifier")).not.toBeNull();
    expect(exchange?.parameters.get("redirect_uri")).toBe(address.searchParams.get("redirect_uri"));
    // The preferred flow of the file stays what it was, as in the script.
    expect(world.fields()).toMatchObject({ authflow: "devicecode", access_token: "access-1" });
  });

  test("signs in by a browser that comes back to this machine, and only with the right state", async () => {
    world.write("tokens", JSON.stringify(tokenFields({ authflow: "localhostauthcode" })));
    const visits: Promise<number[]>[] = [];
    let shown = "";
    const stderr = (text: string) => {
      shown += text;
      if (visits.length > 0 || !shown.includes("Waiting for")) return;
      const address = addressIn(shown);
      const back = address.searchParams.get("redirect_uri") ?? "";
      const state = address.searchParams.get("state") ?? "";
      visits.push(comeBack(`${back}/?code=forged-code&state=wrong`, `${back}/?code=real-code-1&state=${state}`));
    };
    const outcome = await world.ours([...PIPES, "-a", world.tokenFile], stub, { stderr, ask: neverAnswer });
    expect(outcome).toMatchObject({ status: 0, stdout: "access-1\n" });
    expect(await visits[0]).toEqual([400, 200]);
    expect(stub.requests).toHaveLength(1);
    expect(stub.requests[0]?.parameters.get("code")).toBe("real-code-1");
  });

  test("leaves the present tokens alone when nobody signs in", async () => {
    const fields = tokenFields();
    world.write("tokens", JSON.stringify(fields));
    stub.answer = (request) =>
      isDevice(request) ? { body: DEVICE } : { status: 400, body: { error: "authorization_declined" } };
    const outcome = await world.ours([...PIPES, "-a", world.tokenFile], stub, { clock: HASTY });
    expect(outcome).toMatchObject({ stdout: "" });
    expect(outcome.stderr).toContain("declined");
    expect(world.fields()).toEqual(fields);
  });

  test("names the flow to try instead as the script does", async () => {
    world.write("tokens", JSON.stringify(tokenFields()));
    const error_description = "AADSTS53003: Access has been blocked by Conditional Access policies";
    stub.answer = () => ({ status: 400, body: { error: "access_denied", error_description } });
    const outcome = await world.ours([...PIPES, "-a", world.tokenFile], stub, { clock: HASTY });
    expect(outcome.stderr).toContain("--authflow authcode");
  });

  test("refuses a client that is known to be switched off, before anything is written", async () => {
    const flags = ["--provider=microsoft", "--authflow=devicecode", "--email=me@example.com", "--client-secret=x"];
    const id = ["--client-id", "08162f7c-0fd2-4200-a84a-f25a4db0b584"];
    const outcome = await world.ours([...PIPES, "-a", ...flags, ...id, world.tokenFile], stub);
    expect(outcome.stderr).toContain("ERR_CLIENT_REJECTED");
    expect(existsSync(world.tokenFile)).toBe(false);
    expect(stub.requests).toHaveLength(0);
  });

  test("knows no other flows than the script", async () => {
    const outcome = await world.ours([...PIPES, "-a", "--authflow", "magic", world.tokenFile], stub, {
      input: ["google"],
    });
    expect(outcome.stderr).toContain("authcode | localhostauthcode | devicecode");
  });
});

describe.skipIf(maySkip("python3")).each(scriptCopies())("beside $name", (copy) => {
  test("a token file that the script made by device code is read by mailkey, and the other way round", async () => {
    const answers = ["microsoft", "devicecode", "me@example.com", ...(copy.hasFlags ? ["client-1", ""] : [])];
    const words = ["--authorize", world.tokenFile];
    const its = await world.script(copy, words, stub, { pipes: CAT, input: `${answers.join("\n")}\n` });
    expect(its).toMatchObject({ status: 0 });
    const itsFields = world.fields();
    expect(await world.ours([...PIPES, world.tokenFile], stub)).toEqual({
      status: 0,
      stdout: "access-1\n",
      stderr: "",
    });

    const other = world.path("other");
    const input = ["microsoft", "devicecode", "me@example.com", "client-1", ""];
    await world.ours([...PIPES, "--authorize", other], stub, { input, clock: HASTY });
    expect(await world.script(copy, [other], stub, { pipes: CAT })).toMatchObject({ status: 0, stdout: "access-1\n" });
    const { mailkey: _note, client_id, client_secret, ...mine } = world.fields(other);
    const { client_id: _id, client_secret: _secret, ...its0 } = itsFields;
    expect({ ...mine, access_token_expiration: "" }).toEqual({ ...its0, access_token_expiration: "" });
    expect({ client_id, client_secret }).toEqual({ client_id: "client-1", client_secret: "" });
  });
});

function neverAnswer(): Promise<string> {
  return new Promise(() => undefined);
}

function addressIn(text: string): URL {
  return new URL(/^https:\S+$/m.exec(text)?.[0] ?? "about:blank");
}

async function comeBack(...addresses: string[]): Promise<number[]> {
  const statuses: number[] = [];
  for (const address of addresses) statuses.push((await fetch(address.replace(/(:\d+)\/\//, "$1/"))).status);
  return statuses;
}
