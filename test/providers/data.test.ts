import { describe, expect, test } from "bun:test";
import { sourceOf } from "../../src/providers/certainty.ts";
import { hasSuffix } from "../../src/providers/domain.ts";
import type { OAuthProvider, Provider } from "../../src/providers/provider.ts";
import { loadAllProviders, PROVIDER_IDS } from "../../src/providers/registry.ts";
import { sourceUrl, SOURCES } from "../../src/providers/sources.ts";

const providers = await loadAllProviders();
const oauthProviders = providers.filter((provider): provider is OAuthProvider => provider.kind === "oauth2");

/** Where Proton's Bridge runs: on the user's own machine, with ports of its own. */
const LOCAL = "127.0.0.1";
const HOST = /^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/;

test("the registry has every provider that mailkey promises", () => {
  expect<string[]>([...PROVIDER_IDS].toSorted()).toEqual(
    [
      "microsoft",
      "microsoft-personal",
      "microsoft-gcc-high",
      "microsoft-dod",
      "microsoft-21vianet",
      "google",
      "yahoo",
      "aol",
      "fastmail",
      "yandex",
      "mailru",
      "comcast",
      "seznam",
      "thundermail",
      "zoho",
      "icloud",
      "proton",
      "gmx",
      "webde",
    ].toSorted(),
  );
  expect(providers.filter(({ kind }) => kind === "password").map(({ id }) => id)).toEqual([
    "icloud",
    "proton",
    "gmx",
    "webde",
  ]);
});

test("a domain belongs to one provider, and is written as it is looked up", () => {
  const domains = providers.flatMap((provider) => provider.domains);
  expect(domains.filter((domain, index) => domains.indexOf(domain) !== index)).toEqual([]);
  for (const domain of domains) expect(domain).toMatch(HOST);
});

describe.each(providers.map((provider) => [provider.id, provider] as const))("%s", (id, provider) => {
  test("is called by its id", () => expect(provider.id).toBe(id));

  test("names plausible hosts and ports", () => {
    const servers = [provider.servers, ...(provider.regions ?? []).map((region) => region.servers ?? {})];
    for (const server of servers.flatMap((each) => Object.values(each))) {
      if (server.host !== LOCAL) {
        expect(server.host).toMatch(HOST);
        expect([465, 587, 993, 995]).toContain(server.port);
        expect(server.security).toBe(server.port === 587 ? "starttls" : "tls");
      }
    }
    expect(Object.keys(provider.servers)).toContain("imap");
    expect(Object.keys(provider.servers)).toContain("smtp");
    for (const suffix of provider.mxSuffixes) expect(suffix.replace(/^\./, "")).toMatch(HOST);
  });

  test("has MX suffixes with the most specific first", () => {
    for (const [index, suffix] of provider.mxSuffixes.entries())
      for (const earlier of provider.mxSuffixes.slice(0, index)) expect(hasSuffix(suffix, earlier)).toBeFalse();
  });

  test("says of every value where it comes from", () => {
    const missing = valuePaths(provider).filter((path) => sourceOf(provider, path) === null);
    expect(missing).toEqual([]);
  });

  test("gives sources that lead somewhere, or says why there is none", () => {
    for (const source of [...Object.values(provider.sources), ...provider.quirks]) {
      for (const name of source.sources)
        expect([name, sourceUrl(name)]).toEqual([name, expect.stringMatching(/^https:\/\//)]);
      if (source.sources.length === 0) {
        expect(source.note ?? "").not.toBe("");
        expect(source.status).not.toBe("verified");
      }
    }
  });

  test("has quirks of one sentence or a few, each once", () => {
    const texts = provider.quirks.map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
    for (const text of texts) expect(text).toMatch(/^\S.*\.$/);
  });

  test("holds nothing that looks like a secret", () => {
    // Ids are public and sources are checked above; a secret would be in the rest.
    const text = JSON.stringify(provider, (key, value: unknown) =>
      key === "id" || key === "sources" ? undefined : value,
    );
    expect(text).not.toMatch(/GOCSPX|secret"\s*:\s*"/i);
    expect(suspiciousWords(text)).toEqual([]);
  });
});

test("the search for secrets finds what the registrations of others look like", () => {
  for (const secret of ["0123456789abcdef0123456789abcdef", "Made-Up_9876543210-Value", "aB3dE6gH9jK2mN5pQ8"])
    expect(suspiciousWords(`{"note":"${secret}"}`)).toEqual([secret]);
});

describe.each(oauthProviders.map((provider) => [provider.id, provider] as const))("%s", (_, provider) => {
  test("has https endpoints, among them those for authorization and tokens", () => {
    const all = [provider.endpoints, ...(provider.regions ?? []).map((region) => region.endpoints ?? {})];
    for (const url of all.flatMap((endpoints) => Object.values(endpoints)))
      expect(url).toMatch(/^https:\/\/[a-z0-9.-]+\.[a-z]+(\/[\w{}./-]*)?$/);
    expect(provider.endpoints.authorization).toBeString();
    expect(provider.endpoints.token).toBeString();
  });

  test("has scopes for each protocol that has mechanisms, and a server for each that has scopes", () => {
    const [main] = provider.resources;
    for (const protocol of ["imap", "pop", "smtp"] as const) {
      const scopes = main.scopes[protocol] ?? [];
      if (scopes.length > 0) {
        expect(provider.servers[protocol]).toBeDefined();
        expect(provider.mechanisms[protocol]?.length ?? 0).toBeGreaterThan(0);
      }
    }
    expect(main.scopes.imap?.length ?? 0).toBeGreaterThan(0);
    for (const scope of provider.resources.flatMap((resource) => Object.values(resource.scopes).flat()))
      expect(scope).toMatch(/^[\x21\x23-\x5b\x5d-\x7e]+$/);
  });

  test("promises iss only where the issuer is known", () => {
    if (provider.issInResponse) expect(provider.endpoints.issuer).toBeString();
  });

  test("has clients with presets and ids of their own, and Thunderbird's first where it works", () => {
    const presets = provider.clients.map((client) => client.preset);
    const ids = provider.clients.map((client) => client.id);
    expect(new Set([...presets, ...ids]).size).toBe(
      presets.length + new Set(ids).size - (ids.includes("thunderbird") ? 1 : 0),
    );
    expect(new Set(ids).size).toBe(ids.length);
    for (const preset of presets) expect(preset).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    if (presets.length > 0) expect(presets[0]).toBe("thunderbird");
    for (const client of provider.clients) {
      expect(client.sources.length).toBeGreaterThan(0);
      for (const name of client.sources) expect(sourceUrl(name)).toStartWith("https://");
      const [resource, ...others] = provider.resources.map(({ name }) => name);
      expect([resource, ...others]).toEqual(expect.arrayContaining([...(client.resources ?? [])]));
    }
  });

  test("offers only clients whose redirects mailkey can serve", () => {
    for (const client of provider.clients.filter(({ disabled }) => disabled === undefined)) {
      expect(client.redirectUris.length).toBeGreaterThan(0);
      for (const uri of client.redirectUris) {
        const { protocol, hostname } = new URL(uri);
        const loopback = ["localhost", "127.0.0.1"].includes(hostname);
        const blankPage = ["login.live.com", "login.microsoftonline.com"].includes(hostname);
        expect([uri, (loopback && /^https?:$/.test(protocol)) || (blankPage && protocol === "https:")]).toEqual([
          uri,
          true,
        ]);
      }
    }
  });
});

test("the Microsoft clouds share what is the same, and ask for one resource at a time", () => {
  const clouds = oauthProviders.filter(({ id }) => id.startsWith("microsoft"));
  expect(clouds).toHaveLength(5);
  for (const cloud of clouds) {
    const forOthers = cloud.id === "microsoft-personal" ? [] : ["graph-shared"];
    expect(cloud.resources.map(({ name }) => name)).toEqual(["outlook", "graph", ...forOthers]);
    expect(cloud.signInScopes).toEqual(["offline_access", "openid", "profile", "email"]);
    expect(cloud.refreshScopes).toEqual(["offline_access"]);
    const hosts = cloud.resources.map(({ scopes }) => hostsOf(Object.values(scopes).flat()));
    for (const host of hosts) expect(host).toHaveLength(1);
    expect(hosts[0]).not.toEqual(hosts[1]);
  }
});

test("Thunderbird's registration at Microsoft is public, and redirects to https://localhost", () => {
  for (const id of ["microsoft", "microsoft-personal"]) {
    const [client] = oauthProviders.find((provider) => provider.id === id)?.clients ?? [];
    expect(client).toMatchObject({
      preset: "thunderbird",
      id: "9e5f94bc-e8a4-4e73-b8be-63364c29d753",
      secretRequired: false,
      redirectUris: ["https://localhost"],
      deviceFlow: true,
    });
  }
});

test("Google is asked for offline access and consent, without which it gives no refresh token", () => {
  expect(oauthProviders.find(({ id }) => id === "google")?.authorizationParameters).toEqual({
    access_type: "offline",
    prompt: "consent",
  });
});

test("each abbreviation of a source is used, and leads to an https page", () => {
  const used = new Set<string>();
  for (const provider of providers) {
    const clients = provider.kind === "oauth2" ? provider.clients : [];
    for (const { sources } of [Object.values(provider.sources), provider.quirks, clients].flat())
      for (const name of sources) used.add(name.split(":", 1)[0] ?? name);
  }
  expect(Object.keys(SOURCES).filter((name) => !used.has(name))).toEqual([]);
  for (const url of Object.values(SOURCES)) expect(new URL(url).protocol).toBe("https:");
});

test("a source's name becomes its address, and what is no source becomes null", () => {
  expect(sourceUrl("ISPDB:yahoo.com.xml")).toEndWith("/ispdb/yahoo.com.xml");
  expect(sourceUrl("simonrob/email-oauth2-proxy#267")).toBe(
    "https://github.com/simonrob/email-oauth2-proxy/issues/267",
  );
  expect(sourceUrl("RFC 7628")).toBe("https://www.rfc-editor.org/rfc/rfc7628");
  expect(sourceUrl("constructor")).toBeNull();
  expect(sourceUrl("http://example.org")).toBeNull();
});

/** The paths of all values, arrays being one value: except those of MX suffixes and resources, which differ in certainty. */
function valuePaths(provider: Provider): string[] {
  const paths = [...leaves("servers", provider.servers)];
  if (provider.domains.length > 0) paths.push("domains");
  if (provider.domainSuffixes !== undefined) paths.push("domainSuffixes");
  if (provider.regions !== undefined) paths.push("regions");
  paths.push(...provider.mxSuffixes.map((_, index) => `mxSuffixes.${index}`));
  if (provider.kind === "password") return [...paths, "advice"];
  paths.push(...leaves("endpoints", provider.endpoints), ...leaves("tokens", provider.tokens));
  paths.push(...leaves("mechanisms", provider.mechanisms));
  for (const resource of provider.resources) paths.push(...leaves(`resources.${resource.name}`, resource.scopes));
  paths.push("signInScopes", "refreshScopes", "authorizationParameters", "issInResponse");
  if (provider.clientAuthentication !== undefined) paths.push("clientAuthentication");
  for (const name of ["grantsPage", "clientAssertion", "applicationScopes", "serviceAccounts"] as const)
    if (provider[name] !== undefined) paths.push(name);
  return paths;
}

function leaves(prefix: string, values: object): string[] {
  return Object.keys(values).map((key) => `${prefix}.${key}`);
}

function hostsOf(urls: readonly string[]): string[] {
  return [...new Set(urls.map((url) => new URL(url).host))];
}

/** What is long, unbroken and mixes digits with letters, and is not part of a URL. */
function suspiciousWords(text: string): string[] {
  const words = text.replaceAll(/[a-z0-9.+-]+:\/{1,2}[^\s",]+/gi, "").match(/[A-Za-z0-9_+/=-]{16,}/g) ?? [];
  return words.filter((word) => /\d/.test(word) && /[a-z]/i.test(word));
}
