import { describe, expect, test } from "bun:test";
import { createResolveMx, matchMx, mxHosts } from "../../src/providers/mx.ts";
import { startDnsServer } from "./dns-server.ts";

const wide = { id: "wide", mxSuffixes: [".example.net"] };
const narrow = { id: "narrow", mxSuffixes: ["nothing.example", ".eu.example.net"] };
const single = { id: "single", mxSuffixes: ["mx.eu.example.net"] };

describe("matchMx", () => {
  test("prefers the longest suffix, in whichever order the providers come", () => {
    for (const providers of [
      [wide, narrow],
      [narrow, wide],
    ]) {
      expect(matchMx(["a.eu.example.net"], providers)).toEqual({ matches: [narrow], host: "a.eu.example.net" });
      expect(matchMx(["a.us.example.net"], providers)?.matches).toEqual([wide]);
    }
    expect(matchMx(["mx.eu.example.net"], [narrow, single])?.matches).toEqual([single]);
  });

  test("takes the first host that belongs to any provider, however short the suffix", () => {
    expect(
      matchMx(["x.unknown.example", "a.example.net", "mx.eu.example.net"], [narrow, single, wide])?.matches,
    ).toEqual([wide]);
  });

  test("gives all providers that share the longest suffix, in their order", () => {
    const twin = { ...narrow, id: "twin" };
    expect(matchMx(["a.eu.example.net"], [narrow, wide, twin])?.matches).toEqual([narrow, twin]);
  });

  test.each(["example.net", "badexample.net", "a.example.net.evil.example", "a.mx.eu.example.network"])(
    "does not match %p",
    (host) => expect(matchMx([host], [wide, narrow, single])).toBeNull(),
  );

  test("finds nothing without hosts", () => expect(matchMx([], [wide])).toBeNull());
});

test("mxHosts gives the hosts as mail would try them, in one form, without what is no host", () => {
  expect(
    mxHosts([
      { priority: 20, exchange: "B.example.net." },
      { priority: 0, exchange: "" },
      { priority: 10, exchange: "a.example.net" },
      { priority: 5, exchange: "192.0.2.1" },
      { priority: 1, exchange: "evil\u001b[2J.example" },
    ]),
  ).toEqual(["a.example.net", "b.example.net"]);
});

describe("createResolveMx", () => {
  test("asks the resolvers it is given", async () => {
    await using server = await startDnsServer({ "x.example": [[10, "mx.x.example"]] });
    const records = await createResolveMx([server.address])("x.example", new AbortController().signal);
    expect(records.map(({ priority, exchange }) => [priority, exchange])).toEqual([[10, "mx.x.example"]]);
  });

  test("rejects with a code when the domain does not exist", async () => {
    await using server = await startDnsServer({});
    const resolve = createResolveMx([server.address]);
    const outcome: unknown = await resolve("x.example", new AbortController().signal).catch((error: unknown) => error);
    expect(outcome).toMatchObject({ code: "ENOTFOUND" });
  });

  test("stops asking when it is told to", async () => {
    await using server = await startDnsServer({ "x.example": "silence" });
    const interruption = new AbortController();
    const pending = createResolveMx([server.address])("x.example", interruption.signal);
    interruption.abort();
    expect(await pending.catch((error: unknown) => error)).toMatchObject({ code: "ECANCELLED" });
  });
});
