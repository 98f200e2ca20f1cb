import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { deviceSignIn, signIn as browse, type SignInResult } from "../../lab/browser.ts";
import { startHostileServer, type Reply } from "../../lab/hostile.ts";
import { OWN_CLIENT_ID, THUNDERBIRD_CLIENT_ID } from "../../lab/registrations.ts";
import { startWorld, type World } from "../../lab/world.ts";
import { MailkeyError } from "../../src/errors.ts";
import { systemClock, type Clock } from "../../src/platform/clock.ts";
import { createFetch, type Fetch } from "../../src/platform/http.ts";
import type { SignInEvent } from "../../src/signin/event.ts";
import type { SignedIn, SignInPorts, SignInRequest } from "../../src/signin/request.ts";
import { signIn } from "../../src/signin/sign-in.ts";

const ANNA = "anna@mail.test";
const NATIVE = "https://login.microsoftonline.com/common/oauth2/nativeclient";

let world: World;
let fetch: Fetch;
beforeAll(async () => {
  world = await startWorld({ mail: "none" });
  fetch = createFetch({ env: {}, caFile: world.caFile, timeoutMs: 10_000 });
});
afterAll(() => world.stop());

const events: SignInEvent[] = [];
/** What the browser shows in the end. */
let shown: Promise<SignInResult["page"]> | undefined;
beforeEach(() => {
  events.length = 0;
  shown = undefined;
});

function request(more: Partial<SignInRequest> = {}): SignInRequest {
  return {
    server: { endpoints: world.endpoints, issInResponse: true },
    client: { id: THUNDERBIRD_CLIENT_ID },
    providerName: "Lab",
    clientName: "Mozilla Thunderbird",
    redirectUris: ["https://localhost"],
    deviceFlow: true,
    scopes: ["openid", "email", "offline_access", "https://outlook.office.com/SMTP.Send"],
    parameters: {},
    login: ANNA,
    ...more,
  };
}

/** Polls without waiting: the lab's person has typed the code by the time of the first question. */
const hurried: Clock = { now: () => systemClock.now(), sleep: () => systemClock.sleep(20) };

interface Person {
  readonly login?: string;
  readonly consent?: "deny";
  /** Does this with the address instead of opening it. */
  readonly instead?: (url: string) => unknown;
}

/** A person at the other end: opens addresses, types codes. */
function ports({ login = ANNA, consent, instead }: Person = {}, more: Partial<SignInPorts> = {}): SignInPorts {
  const options = { login, caFile: world.caFile, ...(consent === undefined ? {} : { consent }) };
  return {
    fetch,
    clock: hurried,
    env: {},
    platform: "linux",
    signal: new AbortController().signal,
    browser: false,
    timeoutMs: 10_000,
    tell(event) {
      events.push(event);
      if (event.kind === "device") void deviceSignIn(event.verificationUri, event.userCode, options);
      if (event.kind !== "address") return;
      if (instead !== undefined) void instead(event.url);
      else shown = browse(event.url, options).then(({ page }) => page);
    },
    ...more,
  };
}

async function failure(attempt: Promise<SignedIn>): Promise<MailkeyError> {
  const error = await attempt.then(
    () => new Error("signed in"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof MailkeyError) return error;
  throw error;
}

/** Everything that a sign-in made known, for looking for secrets in it. */
function madeKnown(error?: MailkeyError): string {
  return JSON.stringify([events, error?.message, error?.hint, error?.details, String(error?.cause)]);
}

async function pageShown(): Promise<string> {
  return (await shown)?.html ?? "nothing";
}

/** A person without a listener to come back to, who pastes these lines in turn. */
function pasting(lines: (url: string) => Promise<readonly string[]>): SignInPorts {
  let queue: Promise<string[]> = Promise.resolve([]);
  return ports(
    { instead: (url) => (queue = lines(url).then((all) => [...all])) },
    { readLine: async () => (await queue).shift() },
  );
}

/** A token endpoint that asks no questions. */
const granting: Fetch = async () =>
  Response.json({ access_token: "token-1", refresh_token: "refresh-1", token_type: "bearer", expires_in: 60 });

describe("signing in through a listener", () => {
  test.each([["https://localhost"], ["http://localhost"], ["http://127.0.0.1"]])(
    "at %s ends with tokens, the right person and a page that says so",
    async (redirectUri) => {
      const { grant, identity, flow } = await signIn(
        request({ redirectUris: [redirectUri], flow: "loopback" }),
        ports(),
      );
      expect(flow).toBe("loopback");
      expect(identity?.addresses).toContain(ANNA);
      expect(grant.scope).toContain("https://outlook.office.com/SMTP.Send");
      const html = await pageShown();
      expect(html).toContain("<h1>Signed in</h1>");
      for (const secret of [grant.accessToken, grant.refreshToken])
        expect(madeKnown() + html).not.toContain(secret.reveal());
    },
  );

  test("announces the certificate before the browser warns about it", async () => {
    await signIn(request({ flow: "loopback" }), ports());
    const address = events.find((event) => event.kind === "address");
    expect(address?.fingerprint).toMatch(/^([0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  });

  test("as somebody else is refused with both names, in the terminal and in the browser", async () => {
    const error = await failure(signIn(request({ flow: "loopback" }), ports({ login: "bob@mail.test" })));
    expect(error.code).toBe("ERR_WRONG_USER");
    expect(error.message).toContain("bob@mail.test");
    expect(error.message).toContain(ANNA);
    const html = await pageShown();
    expect(html).toContain("bob@mail.test");
    expect(html).toContain(ANNA);
  });

  test("that is declined says so in both places", async () => {
    const error = await failure(signIn(request({ flow: "loopback" }), ports({ consent: "deny" })));
    expect(error.code).toBe("ERR_SIGN_IN_FAILED");
    expect(error.message).toContain("declined");
    expect(await pageShown()).toContain("<h1>The sign-in was declined</h1>");
  });

  test("without a refresh token is refused: it would not last", async () => {
    const error = await failure(signIn(request({ flow: "loopback", scopes: ["openid", "email"] }), ports()));
    expect(error.message).toContain("no refresh token");
    expect(await pageShown()).toContain("would not last");
  });

  test("takes a pasted address as well", async () => {
    const pasted = Promise.withResolvers<string>();
    const instead = (url: string) => {
      const { searchParams } = new URL(url);
      const answer = new URLSearchParams({ code: "code-code-1", state: searchParams.get("state") ?? "" });
      pasted.resolve(`${searchParams.get("redirect_uri")}/?${answer.toString()}&iss=${world.issuer}`);
    };
    const { flow, grant, identity } = await signIn(
      request({ redirectUris: ["http://127.0.0.1"], flow: "loopback" }),
      ports({ instead }, { fetch: granting, readLine: () => pasted.promise }),
    );
    expect(flow).toBe("loopback");
    expect(grant.refreshToken.reveal()).toBe("refresh-1");
    expect(identity).toBeUndefined();
    expect(madeKnown()).not.toMatch(/code-code-1|token-1|refresh-1/);
  });

  test("goes on waiting for the browser when nothing can be read from the terminal", async () => {
    const { flow } = await signIn(request({ flow: "loopback" }), ports({}, { readLine: async () => undefined }));
    expect(flow).toBe("loopback");
  });

  test("ends after its time, and listens no longer", async () => {
    const error = await failure(
      signIn(
        request({ flow: "loopback", redirectUris: ["http://127.0.0.1"] }),
        ports({ instead: () => 0 }, { timeoutMs: 50 }),
      ),
    );
    expect(error.code).toBe("ERR_SIGN_IN_FAILED");
    expect(error.message).toContain("nobody signed in");
    const address = events.find((event) => event.kind === "address");
    expect(await globalThis.fetch(address?.redirectUri ?? "").catch(() => "refused")).toBe("refused");
  });

  test("ends at once when the user interrupts", async () => {
    const controller = new AbortController();
    const attempt = signIn(
      request({ flow: "loopback" }),
      ports({ instead: () => controller.abort(new Error("SIGINT")) }, { signal: controller.signal }),
    );
    expect((await failure(attempt)).code).toBe("ERR_INTERRUPTED");
  });
});

describe("signing in by pasting", () => {
  const client = { id: OWN_CLIENT_ID };

  test("takes the address of nativeclient, after two wrong ones that are told apart", async () => {
    const setting = pasting(async (url) => [url, `${NATIVE}?code=x&state=other`, await redirectOf(url)]);
    const { flow } = await signIn(request({ client, redirectUris: [NATIVE], deviceFlow: false }), setting);
    expect(flow).toBe("paste");
    const reasons = events.flatMap((event) => (event.kind === "wrong-paste" ? [event.reason] : []));
    expect(reasons).toEqual([
      expect.stringContaining("where the sign-in starts"),
      expect.stringContaining("another attempt"),
    ]);
  });

  test("fails with the last reason when there is no more to read", async () => {
    const error = await failure(
      signIn(
        request({ redirectUris: [NATIVE], client, flow: "paste" }),
        pasting(async () => ["https://evil.example/?code=secret-code-1"]),
      ),
    );
    expect(error.code).toBe("ERR_SIGN_IN_FAILED");
    expect(error.message).toContain("evil.example");
    expect(madeKnown(error)).not.toContain("secret-code-1");
  });

  test("of an address with the provider's refusal says what it was", async () => {
    const setting = pasting(async (url) => {
      const state = new URL(url).searchParams.get("state") ?? "";
      return [
        `${NATIVE}?error=access_denied&error_description=AADSTS90094%3A+Admin+consent+is+required&state=${state}&iss=${world.issuer}`,
      ];
    });
    const error = await failure(signIn(request({ redirectUris: [NATIVE], client, flow: "paste" }), setting));
    expect(error.message).toContain("AADSTS90094: Admin consent is required");
    expect(error.hint).toContain("administrator");
  });

  test("redeems a code once: pasting the same address later is refused by the provider", async () => {
    let address = "";
    await signIn(
      request({ redirectUris: [NATIVE], client, flow: "paste" }),
      pasting(async (url) => [(address = await redirectOf(url))]),
    );
    const error = await failure(
      signIn(
        request({ redirectUris: [NATIVE], client, flow: "paste" }),
        pasting(async () => [address]),
      ),
    );
    expect(error.message).toContain("another attempt");
  });
});

describe("signing in with a device code", () => {
  test("ends with tokens and the right person", async () => {
    const { flow, identity } = await signIn(request({ flow: "device" }), ports());
    expect(flow).toBe("device");
    expect(identity?.addresses).toContain(ANNA);
  });

  test("is chosen where there is no browser", async () => {
    const { flow } = await signIn(request(), ports());
    expect(flow).toBe("device");
    expect(events[0]).toEqual({ kind: "flow", flow: "device", reason: "--no-browser" });
  });

  test("as somebody else is refused with both names", async () => {
    const error = await failure(signIn(request({ flow: "device" }), ports({ login: "bob@mail.test" })));
    expect(error.code).toBe("ERR_WRONG_USER");
    expect(error.details).toMatchObject({ signedIn: "bob@mail.test", expected: ANNA });
  });

  describe("where none is to be had", () => {
    test.each<[string, Reply]>([
      ["an HTML page comes instead", { headers: { "content-type": "text/html" }, body: "<html>Sorry</html>" }],
      ["the scope is not admitted", { status: 400, body: { error: "invalid_scope" } }],
      [
        "the client is not admitted",
        { status: 401, body: { error: "invalid_client", error_description: "Invalid client type." } },
      ],
    ])("falls back to pasting when %s, and fails when a device code was asked for", async (_title, reply) => {
      const hostile = await startHostileServer();
      try {
        const endpoints = { ...world.endpoints, device: hostile.deviceEndpoint };
        const both = createFetch({
          env: { NODE_EXTRA_CA_CERTS: hostile.caFile },
          caFile: world.caFile,
          timeoutMs: 10_000,
        });
        const server = { endpoints, issInResponse: true };
        const pasted = Promise.withResolvers<string>();
        const person = ports(
          { instead: async (url) => pasted.resolve(await redirectOf(url)) },
          { fetch: both, readLine: () => pasted.promise },
        );
        hostile.reply(reply, reply);
        expect((await signIn(request({ server }), person)).flow).toBe("paste");
        expect(events.map((event) => event.kind)).toContain("fallback");
        const error = await failure(signIn(request({ server, flow: "device" }), person));
        expect(error.code).toMatch(/ERR_SIGN_IN_FAILED|ERR_CLIENT_REJECTED/);
      } finally {
        await hostile.stop();
      }
    });
  });
});

/** Where the lab's server sends the browser: an address at which nobody listens. */
async function redirectOf(url: string): Promise<string> {
  return (await browse(url, { login: ANNA, caFile: world.caFile })).redirectUrl;
}
