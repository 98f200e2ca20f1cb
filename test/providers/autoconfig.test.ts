import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { fetchAutoconfig, matchAutoconfig, parseAutoconfig } from "../../src/providers/autoconfig.ts";
import { loadAllProviders } from "../../src/providers/registry.ts";

const SERVER = `<incomingServer type="imap"><hostname>imap.x.example</hostname><port>993</port>
  <socketType>SSL</socketType><authentication>OAuth2</authentication></incomingServer>`;

function file(servers = SERVER, more = ""): string {
  return `<clientConfig version="1.1"><emailProvider id="x">${servers}</emailProvider>${more}</clientConfig>`;
}

function serverElement(type: string, host: string, port: string, socket: string): string {
  const element = type === "smtp" ? "outgoingServer" : "incomingServer";
  return `<${element} type="${type}"><hostname>${host}</hostname><port>${port}</port><socketType>${socket}</socketType></${element}>`;
}

describe("parseAutoconfig", () => {
  test("reads servers, the announcement of OAuth2 and its endpoints", () => {
    const more = `<oAuth2><issuer>accounts.x.example</issuer><scope>a b</scope>
      <authURL>https://accounts.x.example/auth</authURL><tokenURL>https://accounts.x.example/token</tokenURL></oAuth2>`;
    expect(parseAutoconfig(file(SERVER, more), "x.example")).toEqual({
      name: null,
      servers: { imap: { host: "imap.x.example", port: 993, security: "tls" } },
      oauth2: {
        endpoints: {
          issuer: undefined, // a bare host name is no issuer identifier
          authorization: "https://accounts.x.example/auth",
          token: "https://accounts.x.example/token",
        },
        scopes: ["a", "b"],
      },
    });
  });

  test("takes the first server of each protocol that has TLS", () => {
    const servers = [
      serverElement("imap", "plain.x.example", "143", "plain"),
      serverElement("imap", "first.x.example", "993", "SSL"),
      serverElement("imap", "second.x.example", "993", "SSL"),
      serverElement("pop3", "pop.%EMAILDOMAIN%", "995", "SSL"),
      serverElement("exchange", "ews.x.example", "443", "SSL"),
      serverElement("smtp", "smtp.x.example", "70000", "STARTTLS"),
      serverElement("smtp", "smtp.x.example", "587", "STARTTLS"),
    ].join("");
    expect(parseAutoconfig(file(servers), "y.example")).toEqual({
      name: null,
      servers: {
        imap: { host: "first.x.example", port: 993, security: "tls" },
        pop: { host: "pop.y.example", port: 995, security: "tls" },
        smtp: { host: "smtp.x.example", port: 587, security: "starttls" },
      },
      oauth2: null,
    });
  });

  test("reads a file as Mozilla publishes it, with comments, a declaration and attributes", () => {
    const text = `<?xml version="1.0" encoding="UTF-8"?>\n<!-- note -->\n${file(
      `<domain>x.example</domain><domain purpose="mx">y.example</domain><displayName xml:lang="de">X &amp; Söhne</displayName>${SERVER}
       <documentation url="https://x.example/help"><descr lang="en">Help</descr></documentation>`,
    )}`;
    expect(parseAutoconfig(text, "x.example")).toMatchObject({ name: "X & Söhne", servers: { imap: { port: 993 } } });
  });

  const bomb = `<!DOCTYPE lolz [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, n) => `<!ENTITY ${"bcdefghij"[n]} "${`&${"abcdefghi"[n]};`.repeat(10)}">`).join("")}]>`;

  test.each<[string, string]>([
    ["nothing", ""],
    ["HTML", "<!doctype html><html><body>Welcome to our parking page<br></body></html>"],
    ["HTML without a doctype", "<html><head><meta charset=utf-8></head></html>"],
    ["another XML file", '<Autodiscover xmlns="x"><Response/></Autodiscover>'],
    ["no provider", "<clientConfig/>"],
    ["a provider without servers", file("")],
    ["servers without TLS only", file(SERVER.replace("SSL", "plain"))],
    ["a host that is an IP address", file(SERVER.replace("imap.x.example", "127.0.0.1"))],
    ["a host with a path", file(SERVER.replace("imap.x.example", "evil.example/x"))],
    ["anything with a document type", `<!DOCTYPE clientConfig>${file()}`],
    ["an entity bomb", bomb + file(SERVER.replace("imap.x.example", "&j;"))],
    [
      "an external entity",
      `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${file(SERVER.replace("imap", "&e;"))}`,
    ],
    ["endless nesting", "<clientConfig>".repeat(20_000)],
    ["a huge file", file(SERVER) + " ".repeat(200_000)],
    ["a poisoned name", `<clientConfig><__proto__><polluted>1</polluted></__proto__>${SERVER}</clientConfig>`],
    ["text cut in the middle", file(SERVER).slice(0, 90)],
    ["JSON", '{"clientConfig":{}}'],
    ["NUL bytes", "\u0000\u0000\u0000"],
  ])("finds nothing in %s", (_, text) => {
    expect(parseAutoconfig(text, "x.example")).toBeNull();
    expect("polluted" in {}).toBeFalse();
  });

  test("never throws, and never gives a server that could not be connected to", () => {
    const piece = fc.constantFrom(
      "<clientConfig>",
      "</clientConfig>",
      "<emailProvider>",
      "</emailProvider>",
      '<incomingServer type="imap">',
      "<hostname>",
      "a.example",
      "</hostname>",
      "<port>993</port>",
      "<socketType>SSL</socketType>",
      "</incomingServer>",
      "<!--",
      "-->",
      "<![CDATA[",
      "]]>",
      "&amp;",
      "&#0;",
      "&#x110000;",
      "<?xml?>",
      '"',
      "=",
      "<oAuth2><authURL>",
    );
    const noise = fc.array(fc.oneof({ weight: 4, arbitrary: piece }, fc.string({ unit: "binary" })), { maxLength: 30 });
    fc.assert(
      fc.property(noise, (pieces) => {
        const config = parseAutoconfig(pieces.join(""), "x.example");
        for (const server of Object.values(config?.servers ?? {})) {
          expect(server.host).toMatch(/^[a-z0-9_.-]+$/);
          expect(server.port).toBeWithin(1, 65_536);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("survives a good file with bytes changed anywhere", () => {
    const good = file(SERVER, "<oAuth2><issuer>https://x.example</issuer><scope>a</scope></oAuth2>");
    const place = fc.nat({ max: good.length - 1 });
    fc.assert(
      fc.property(place, fc.string({ unit: "binary", maxLength: 4 }), fc.nat({ max: 20 }), (at, insert, remove) => {
        parseAutoconfig(good.slice(0, at) + insert + good.slice(at + remove), "x.example");
      }),
      { numRuns: 500 },
    );
  });
});

describe("matchAutoconfig", () => {
  test("recognises a provider by the authorization endpoint when its hosts are unknown", async () => {
    const more = "<oAuth2><authURL>https://accounts.google.com/o/oauth2/auth</authURL></oAuth2>";
    const config = parseAutoconfig(file(SERVER, more), "x.example");
    expect(config && matchAutoconfig(config, await loadAllProviders())?.id).toBe("google");
  });
});

describe("fetchAutoconfig", () => {
  const signal = new AbortController().signal;

  test("follows no redirect, which could lead to plain http or elsewhere", async () => {
    let followed = false;
    await using elsewhere = serve(() => {
      followed = true;
      return new Response(file());
    });
    await using here = serve(() => Response.redirect(elsewhere.url));
    const outcome = fetchAutoconfig(here.url, "x.example", fetch, signal).then(
      () => "an answer",
      () => "a failure",
    );
    expect(await outcome).toBe("a failure");
    expect(followed).toBeFalse();
  });

  test("takes no page of an error for a configuration", async () => {
    await using here = serve(() => new Response(file(), { status: 500 }));
    expect(await fetchAutoconfig(here.url, "x.example", fetch, signal)).toBeNull();
  });

  test("reads a configuration from a server", async () => {
    await using here = serve(() => new Response(file(), { headers: { "content-type": "text/xml" } }));
    expect(await fetchAutoconfig(here.url, "x.example", fetch, signal)).toMatchObject({ servers: { imap: {} } });
  });
});

function serve(answer: () => Response): { url: string } & AsyncDisposable {
  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: answer });
  return { url: server.url.href, [Symbol.asyncDispose]: () => server.stop(true) };
}

test.each([";touch$IFS/tmp/x;:", "$(id)", "`id`", "|id", "'id'"])(
  "an endpoint that holds %p is none: it would stand in a command to type",
  (evil) => {
    const xml = `<clientConfig><emailProvider id="x"><incomingServer type="imap"><hostname>imap.x.example</hostname><port>993</port><socketType>SSL</socketType></incomingServer></emailProvider><oAuth2><authURL>https://x.example/a${evil}</authURL><tokenURL>https://x.example/t?q=${evil}</tokenURL></oAuth2></clientConfig>`;
    expect(JSON.stringify(parseAutoconfig(xml, "x.example") ?? null)).not.toContain(evil);
  },
);
