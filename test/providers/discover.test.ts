import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { isMailkeyError } from "../../src/errors.ts";
import type { Fetch } from "../../src/platform/http.ts";
import { discoverProvider, type DiscoverOptions } from "../../src/providers/discover.ts";
import { createResolveMx, type ResolveMx } from "../../src/providers/mx.ts";
import { startDnsServer, type DnsServer } from "./dns-server.ts";

let dns: DnsServer;
let resolveMx: ResolveMx;

beforeAll(async () => {
  dns = await startDnsServer({
    "contoso.example": [[0, "contoso-example.mail.protection.outlook.com"]],
    "family.example": [[0, "family-example.olc.protection.outlook.com"]],
    "dane.example": [[0, "dane-example.o-v1.mx.microsoft"]],
    "agency.example": [[0, "agency-example.mail.protection.office365.us"]],
    "workspace.example": [
      [5, "alt1.aspmx.l.google.com"],
      [1, "ASPMX.L.GOOGLE.COM"],
    ],
    "aolish.example": [[1, "mx-aol.mail.gm0.yahoodns.net"]],
    "yahooish.example": [[1, "mta7.am0.yahoodns.net"]],
    "europe.example": [[10, "mx.zoho.eu"]],
    "apple.example": [[10, "mx01.mail.icloud.com"]],
    "posteo.example": [[10, "mx01.posteo.de"]],
    "xn--bcher-kva.example": [[10, "in1-smtp.messagingengine.com"]],
    "backup.example": [
      [20, "aspmx.l.google.com"],
      [10, "mx.own.example"],
    ],
    "gateway.example": [[10, "mx1.filter.example"]],
    "own.example": [[10, "mail.own.example"]],
    "nullmx.example": [[0, ""]],
    "lookalike.example": [[0, "x.mail.protection.outlook.com.evil.example"]],
    "none.example": [],
    "slow.example": "silence",
  });
  resolveMx = createResolveMx([dns.address]);
});

afterAll(async () => {
  await dns[Symbol.asyncDispose]();
});

/** A web of a few pages; whatever else is asked for is not there. */
function web(pages: Readonly<Record<string, string>> = {}): Fetch & { readonly asked: string[] } {
  const asked: string[] = [];
  const fetch: Fetch = async (url) => {
    asked.push(String(url));
    const page = pages[String(url)];
    return page === undefined ? new Response("<html>not here</html>", { status: 404 }) : new Response(page);
  };
  return Object.assign(fetch, { asked });
}

const offline: Pick<DiscoverOptions, "fetch" | "resolveMx"> = {
  fetch: async () => {
    throw new TypeError("fetch failed");
  },
  resolveMx: async () => {
    throw Object.assign(new Error("queryMx ECONNREFUSED"), { code: "ECONNREFUSED" });
  },
};

function configuration(incoming: string, outgoing: string, more = ""): string {
  return `<?xml version="1.0" encoding="UTF-8"?>
<clientConfig version="1.1">
  <emailProvider id="x">
    <domain>x.example</domain><displayName>X Mail</displayName>
    <incomingServer type="imap"><hostname>${incoming}</hostname><port>993</port><socketType>SSL</socketType>
      <authentication>OAuth2</authentication><authentication>password-cleartext</authentication></incomingServer>
    <outgoingServer type="smtp"><hostname>${outgoing}</hostname><port>587</port><socketType>STARTTLS</socketType>
      <authentication>password-cleartext</authentication></outgoingServer>
  </emailProvider>
  ${more}
</clientConfig>`;
}

describe("by domain", () => {
  test("finds a provider without asking the network anything", async () => {
    const found = await discoverProvider("me@hotmail.com", {
      resolveMx: () => Promise.reject(new Error("asked DNS")),
      fetch: () => Promise.reject(new Error("asked the web")),
    });
    expect(found).toMatchObject({
      kind: "found",
      provider: { id: "microsoft-personal" },
      by: "domain",
      evidence: "hotmail.com",
      guess: false,
      region: null,
    });
  });

  test("says which region a domain belongs to", async () => {
    expect(await discoverProvider("me@zoho.eu", offline)).toMatchObject({
      provider: { id: "zoho" },
      region: { name: "Europe", endpoints: { token: "https://accounts.zoho.eu/oauth/v2/token" } },
    });
    expect(await discoverProvider("me@sbcglobal.net", offline)).toMatchObject({
      provider: { id: "yahoo" },
      region: { servers: { imap: { host: "imap.mail.att.net" } } },
    });
  });

  test("finds providers without OAuth2 like the others, with what to use instead", async () => {
    const found = await discoverProvider("me@icloud.com", offline);
    expect(found).toMatchObject({ kind: "found", provider: { kind: "password" } });
    // Not by a matcher within the object: Bun would leave it in the provider's data, for other tests to find.
    const provider = found.kind === "found" ? found.provider : undefined;
    expect(provider?.kind === "password" ? provider.advice : "").toContain("app-specific password");
  });

  test("answers clearly for services that are known for passwords only", async () => {
    expect(await discoverProvider("me@posteo.de", offline)).toMatchObject({
      kind: "password-only",
      name: "Posteo",
      by: "domain",
      advice: expect.stringMatching(/^no OAuth2 here: use /),
    });
  });
});

describe("by MX", () => {
  test.each([
    ["contoso.example", "microsoft"],
    ["family.example", "microsoft-personal"],
    ["dane.example", "microsoft"],
    ["workspace.example", "google"],
    ["aolish.example", "aol"],
    ["yahooish.example", "yahoo"],
    ["apple.example", "icloud"],
  ])("finds the provider of %s: %s", async (domain, id) => {
    const fetch = web();
    expect(await discoverProvider(`me@${domain}`, { resolveMx, fetch })).toMatchObject({
      kind: "found",
      by: "mx",
      provider: { id },
    });
    expect(fetch.asked).toEqual([]);
  });

  test("asks for an internationalized domain in its ASCII form", async () => {
    const found = await discoverProvider("me@Bücher.example", { resolveMx, fetch: web() });
    expect(found).toMatchObject({ provider: { id: "fastmail" }, evidence: "in1-smtp.messagingengine.com" });
    expect(dns.asked).toContain("xn--bcher-kva.example");
  });

  test("takes the region from the MX host", async () => {
    expect(await discoverProvider("me@europe.example", { resolveMx, fetch: web() })).toMatchObject({
      provider: { id: "zoho" },
      region: { name: "Europe" },
    });
  });

  test("names the other provider where two clouds share the suffix", async () => {
    expect(await discoverProvider("me@agency.example", { resolveMx, fetch: web() })).toMatchObject({
      provider: { id: "microsoft-gcc-high" },
      alternatives: [{ id: "microsoft-dod" }],
    });
  });

  test("answers clearly for a password-only service's customers", async () => {
    expect(await discoverProvider("me@posteo.example", { resolveMx, fetch: web() })).toMatchObject({
      kind: "password-only",
      by: "mx",
    });
  });

  test("looks at later hosts when the first is unknown", async () => {
    expect(await discoverProvider("me@backup.example", { resolveMx, fetch: web() })).toMatchObject({
      provider: { id: "google" },
      evidence: "aspmx.l.google.com",
    });
  });

  test("is not deceived by a name that only begins like a provider's", async () => {
    expect((await discoverProvider("me@lookalike.example", { resolveMx, fetch: web() })).kind).toBe("unknown");
  });
});

describe("by autoconfig", () => {
  test("finds the provider whose hosts Mozilla's database names", async () => {
    const url = "https://autoconfig.thunderbird.net/v1.1/own.example";
    const fetch = web({ [url]: configuration("imap.gmail.com", "smtp.gmail.com") });
    expect(await discoverProvider("someone.secret@own.example", { resolveMx, fetch })).toMatchObject({
      kind: "found",
      by: "autoconfig",
      provider: { id: "google" },
      evidence: `imap.gmail.com in ${url}`,
    });
    expect(fetch.asked.join()).not.toContain("someone");
  });

  test("tells the Microsoft providers apart by the host that differs", async () => {
    const url = "https://autoconfig.own.example/mail/config-v1.1.xml";
    const discover = (outgoing: string) =>
      discoverProvider("me@own.example", {
        resolveMx,
        fetch: web({ [url]: configuration("outlook.office365.com", outgoing) }),
      });
    expect(await discover("smtp.office365.com")).toMatchObject({ provider: { id: "microsoft" } });
    expect(await discover("smtp-mail.outlook.com")).toMatchObject({ provider: { id: "microsoft-personal" } });
  });

  test("prefers Mozilla's database to the domain's own file", async () => {
    const fetch = web({
      "https://autoconfig.thunderbird.net/v1.1/own.example": configuration("imap.fastmail.com", "smtp.fastmail.com"),
      "https://autoconfig.own.example/mail/config-v1.1.xml": configuration("imap.gmail.com", "smtp.gmail.com"),
    });
    expect(await discoverProvider("me@own.example", { resolveMx, fetch })).toMatchObject({
      provider: { id: "fastmail" },
    });
  });

  test("makes a draft for custom of an unknown service that has OAuth2", async () => {
    const oauth2 = `<oAuth2><issuer>https://id.own.example</issuer><scope>mail offline_access</scope>
      <authURL>https://id.own.example/authorize?a=1&amp;b=2</authURL><tokenURL>http://id.own.example/token</tokenURL></oAuth2>`;
    const fetch = web({
      "https://autoconfig.own.example/mail/config-v1.1.xml": configuration(
        "imap.%EMAILDOMAIN%",
        "smtp.own.example",
        oauth2,
      ),
    });
    expect(await discoverProvider("me@own.example", { resolveMx, fetch })).toEqual({
      kind: "draft",
      name: "X Mail",
      by: "autoconfig",
      evidence: "imap.own.example in https://autoconfig.own.example/mail/config-v1.1.xml",
      servers: {
        imap: { host: "imap.own.example", port: 993, security: "tls" },
        smtp: { host: "smtp.own.example", port: 587, security: "starttls" },
      },
      endpoints: {
        issuer: "https://id.own.example/",
        authorization: "https://id.own.example/authorize?a=1&b=2",
        token: undefined, // it was not https
      },
      scopes: ["mail", "offline_access"],
    });
  });

  test("gives the servers of an unknown service that takes passwords only", async () => {
    const page = configuration("imap.own.example", "smtp.own.example").replace("OAuth2", "password-encrypted");
    const fetch = web({ "https://autoconfig.thunderbird.net/v1.1/own.example": page });
    expect(await discoverProvider("me@own.example", { resolveMx, fetch })).toMatchObject({
      kind: "unknown",
      servers: { imap: { host: "imap.own.example" } },
    });
  });
});

describe("by tenant", () => {
  const url = "https://login.microsoftonline.com/gateway.example/v2.0/.well-known/openid-configuration";

  test.each([
    ["login.microsoftonline.com", "microsoft"],
    ["login.microsoftonline.us", "microsoft-gcc-high"],
    ["login.partner.microsoftonline.cn", "microsoft-21vianet"],
  ])("guesses %s to be %s when the mail passes a gateway", async (host, id) => {
    const fetch = web({ [url]: JSON.stringify({ token_endpoint: `https://${host}/0b1c/oauth2/v2.0/token` }) });
    expect(await discoverProvider("me@gateway.example", { resolveMx, fetch })).toMatchObject({
      kind: "found",
      by: "tenant",
      guess: true,
      provider: { id },
    });
    expect(fetch.asked.at(-1)).toBe(url);
  });

  test.each(["<html></html>", "null", '{"token_endpoint":"https://evil.example/token"}', '{"token_endpoint":1}'])(
    "is not deceived by %p",
    async (page) => {
      const found = await discoverProvider("me@gateway.example", { resolveMx, fetch: web({ [url]: page }) });
      expect(found.kind).toBe("unknown");
    },
  );

  test("is not asked about a domain that receives no mail", async () => {
    const fetch = web();
    for (const domain of ["none.example", "nullmx.example", "absent.example"])
      await discoverProvider(`me@${domain}`, { resolveMx, fetch });
    expect(fetch.asked.filter((asked) => asked.includes("microsoftonline"))).toEqual([]);
  });
});

describe("unknown", () => {
  test("says what was tried", async () => {
    expect(await discoverProvider("me@gateway.example", { resolveMx, fetch: web() })).toEqual({
      kind: "unknown",
      tried: [
        { step: "domain", asked: "gateway.example", outcome: "not a domain of a known provider" },
        { step: "mx", asked: "gateway.example", outcome: "mx1.filter.example is not a host of a known provider" },
        {
          step: "autoconfig",
          asked: "https://autoconfig.thunderbird.net/v1.1/gateway.example",
          outcome: "no configuration",
        },
        {
          step: "autoconfig",
          asked: "https://autoconfig.gateway.example/mail/config-v1.1.xml",
          outcome: "no configuration",
        },
        { step: "tenant", asked: "gateway.example", outcome: "no tenant" },
      ],
    });
  });

  test("is the answer without a network", async () => {
    const found = await discoverProvider("me@own.example", offline);
    expect(found).toMatchObject({ kind: "unknown" });
    expect(found.kind === "unknown" && found.tried.map(({ step, outcome }) => [step, outcome])).toEqual([
      ["domain", "not a domain of a known provider"],
      ["mx", "ECONNREFUSED"],
      ["autoconfig", "fetch failed"],
      ["autoconfig", "fetch failed"],
    ]);
  });

  test("is the answer when nobody ever answers, heeding the signal or not", async () => {
    const found = await discoverProvider("me@slow.example", {
      resolveMx,
      fetch: () => new Promise(() => {}),
      timeoutMs: 20,
    });
    expect(found.kind === "unknown" && found.tried.slice(1).map(({ outcome }) => outcome)).toEqual([
      "no answer within 20 ms",
      "no answer within 20 ms",
      "no answer within 20 ms",
    ]);
  });

  test("strips control characters from what peers say", async () => {
    const found = await discoverProvider("me@own.example", {
      ...offline,
      fetch: () => Promise.reject(new Error("\u001b[2Jgone\u202e")),
    });
    expect(JSON.stringify(found)).not.toMatch(/\\u001b|\u001b|\u202e/);
  });
});

test("an interruption ends discovery with its reason, not with an answer", async () => {
  const interruption = new AbortController();
  const pending = discoverProvider("me@slow.example", { resolveMx, fetch: web(), signal: interruption.signal });
  interruption.abort(new Error("interrupted"));
  expect(String(await pending.catch((reason: unknown) => reason))).toBe("Error: interrupted");
});

test("what is not an address is refused before anything is asked", async () => {
  const error = await discoverProvider("me", offline).catch((reason: unknown) => reason);
  expect(isMailkeyError(error, "ERR_USAGE")).toBeTrue();
});
