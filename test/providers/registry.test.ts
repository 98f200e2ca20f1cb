import { describe, expect, test } from "bun:test";
import { isMailkeyError } from "../../src/errors.ts";
import type { OAuthProvider } from "../../src/providers/provider.ts";
import {
  defaultClient,
  findClient,
  loadAllProviders,
  loadProvider,
  PROVIDER_IDS,
  refuseDisabledClient,
} from "../../src/providers/registry.ts";

const OLD_THUNDERBIRD = "08162f7c-0fd2-4200-a84a-f25a4db0b584";

async function oauthProvider(id: string): Promise<OAuthProvider> {
  const provider = await loadProvider(id);
  if (provider.kind !== "oauth2") throw new Error(`${id} has no OAuth2`);
  return provider;
}

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("loadProvider", () => {
  test("loads each provider by its id", async () => {
    for (const id of PROVIDER_IDS) expect((await loadProvider(id)).id).toBe(id);
    expect((await loadAllProviders()).map(({ id }) => id)).toEqual([...PROVIDER_IDS]);
  });

  test.each(["hotmail", "", "constructor", "__proto__", "../errors"])("refuses the name %p", async (id) => {
    const error = await failure(loadProvider(id));
    expect(isMailkeyError(error, "ERR_PROVIDER_UNKNOWN")).toBeTrue();
  });

  test("loads no other provider's data than the one asked for", async () => {
    // A process of its own, whose module loader has seen nothing else.
    const script = `
      const { registerHooks } = await import("node:module");
      const seen = [];
      registerHooks({ load(url, context, next) { seen.push(url); return next(url, context); } });
      const { loadProvider } = await import(${JSON.stringify(new URL("../../src/providers/registry.ts", import.meta.url).href)});
      await loadProvider("google");
      console.log(JSON.stringify(seen.filter((url) => url.includes("/data/")).map((url) => url.split("/").at(-1))));
    `;
    const node = Bun.which("node", { PATH: new URL("../../node_modules/.bin", import.meta.url).pathname });
    const child = Bun.spawn(
      [node ?? "node", "--disable-warning=ExperimentalWarning", "--input-type=module", "-e", script],
      {
        stdout: "pipe",
        stderr: "pipe",
      },
    );
    const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
    expect(stderr).toBe("");
    expect(JSON.parse(stdout)).toEqual(["google.ts"]);
  });
});

describe("clients", () => {
  test("are found by preset and by id", async () => {
    const microsoft = await oauthProvider("microsoft");
    expect(findClient(microsoft, "thunderbird")?.id).toBe("9e5f94bc-e8a4-4e73-b8be-63364c29d753");
    expect(findClient(microsoft, "9e5f94bc-e8a4-4e73-b8be-63364c29d753")?.preset).toBe("thunderbird");
    expect(findClient(microsoft, OLD_THUNDERBIRD)?.disabled).toContain("AADSTS7000112");
    expect(findClient(microsoft, "my-own")).toBeUndefined();
  });

  test("are used by default only when they work without a secret", async () => {
    expect(defaultClient(await oauthProvider("microsoft-personal"))?.preset).toBe("thunderbird");
    expect(defaultClient(await oauthProvider("fastmail"))?.preset).toBe("thunderbird");
    expect(defaultClient(await oauthProvider("google"))).toBeUndefined();
    expect(defaultClient(await oauthProvider("zoho"))).toBeUndefined();
  });
});

describe("refuseDisabledClient", () => {
  test.each([OLD_THUNDERBIRD, OLD_THUNDERBIRD.toUpperCase()])(
    "refuses %p with the reason and the remedy",
    async (id) => {
      const error = await failure(refuseDisabledClient(id));
      if (!isMailkeyError(error, "ERR_CLIENT_REJECTED")) throw error;
      expect(error.message).toContain("AADSTS7000112");
      expect(error.hint).toBe("mailkey add ADDRESS --client thunderbird");
      expect(error.details).toMatchObject({ provider: "microsoft", preset: "thunderbird-old" });
    },
  );

  test("refuses every disabled id of every provider, and no other", async () => {
    for (const provider of await loadAllProviders()) {
      if (provider.kind !== "oauth2") continue;
      for (const client of provider.clients) {
        const error = await failure(refuseDisabledClient(client.id));
        expect([client.id, isMailkeyError(error, "ERR_CLIENT_REJECTED")]).toEqual([
          client.id,
          client.disabled !== undefined,
        ]);
      }
    }
    await refuseDisabledClient("11111111-2222-3333-4444-555555555555");
  });

  test("sends to the provider for a client of one's own where no preset works", async () => {
    const google = await oauthProvider("google");
    const error = await failure(refuseDisabledClient(findClient(google, "k9mail")?.id ?? ""));
    expect(isMailkeyError(error) && error.hint).toBe("register a client of your own at Gmail / Google Workspace");
  });
});
