import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { isMailkeyError } from "../../src/errors.ts";
import { mailDomain, matchDomain, regionOf, toHostName } from "../../src/providers/domain.ts";
import { loadAllProviders, loadProvider } from "../../src/providers/registry.ts";

const providers = await loadAllProviders();

describe("mailDomain", () => {
  test.each([
    ["me@Hotmail.COM", "hotmail.com"],
    ["me@example.org.", "example.org"],
    ["me@bücher.example", "xn--bcher-kva.example"],
    ["me@BÜCHER.example", "xn--bcher-kva.example"],
    ["me@例え.jp", "xn--r8jz45g.jp"],
    ['"a@b"@example.org', "example.org"],
    ["first.last+tag@sub.example.co.uk", "sub.example.co.uk"],
  ])("of %p is %p", (address, domain) => expect(mailDomain(address)).toBe(domain));

  test.each([
    "",
    "me",
    "@example.org",
    "me@",
    "me@localhost",
    "me@127.0.0.1",
    "me@[::1]",
    "me@a..b",
    "me@exa mple.org",
    "me@example.org/x",
    "me@example.org:80",
    `me@${"a".repeat(64)}.org`,
    `me@${"a.".repeat(130)}org`,
    "me@evil.org\u0000.example",
  ])("refuses %p", (address) => {
    try {
      mailDomain(address);
      expect.unreachable();
    } catch (error) {
      expect(isMailkeyError(error, "ERR_USAGE")).toBeTrue();
    }
  });
});

test("toHostName gives back its own results, and nothing that could change a URL", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary", maxLength: 80 }), (text) => {
      const name = toHostName(text);
      if (name === null) return;
      expect(toHostName(name)).toBe(name);
      expect(name).toMatch(/^[a-z0-9_.-]+$/);
    }),
  );
});

describe("matchDomain", () => {
  test.each([
    ["hotmail.com", "microsoft-personal"],
    ["outlook.com.br", "microsoft-personal"],
    ["contoso.onmicrosoft.com", "microsoft"],
    ["agency.onmicrosoft.us", "microsoft-gcc-high"],
    ["firma.partner.onmschina.cn", "microsoft-21vianet"],
    ["gmail.com", "google"],
    ["att.net", "yahoo"],
    ["verizon.net", "aol"],
    ["icloud.com", "icloud"],
    ["web.de", "webde"],
  ])("knows %p as a domain of %p", (domain, id) => expect(matchDomain(domain, providers)?.id).toBe(id));

  test.each(["example.org", "nothotmail.com", "mail.hotmail.com", "evilonmicrosoft.com", "yahoo.co.jp"])(
    "does not know %p",
    (domain) => expect(matchDomain(domain, providers)).toBeNull(),
  );
});

describe("regionOf", () => {
  test("tells Zoho's data centres apart by domain, or by MX for other domains", async () => {
    const zoho = await loadProvider("zoho");
    expect(regionOf(zoho, "zohomail.eu")?.endpoints?.token).toBe("https://accounts.zoho.eu/oauth/v2/token");
    expect(regionOf(zoho, "example.org", "mx.zoho.in")?.servers?.imap?.host).toBe("imap.zoho.in");
    expect(regionOf(zoho, "zoho.com")).toBeNull();
    expect(regionOf(zoho, "example.org", "mx.zoho.com")).toBeNull();
  });

  test("covers each domain that a region names with the provider's own list", () => {
    for (const provider of providers)
      for (const domain of (provider.regions ?? []).flatMap((region) => region.domains))
        expect(provider.domains).toContain(domain);
  });
});
