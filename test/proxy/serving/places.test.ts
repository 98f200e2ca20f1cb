import { expect, test } from "bun:test";
import { isLoopback } from "../../../src/platform/addresses.ts";
import { Places } from "../../../src/proxy/serving/places.ts";

const limits = { sessions: 10, sessionsPerAddress: 2, sessionsPerAccount: 3 };

test("there are so many places in all, and so many for an address of the network", () => {
  const places = new Places(limits);
  const far = [places.enter("192.0.2.1"), places.enter("192.0.2.1")];
  expect(far.every((place) => place !== undefined)).toBe(true);
  expect(places.enter("192.0.2.1")).toBeUndefined();
  const near = Array.from({ length: 8 }, () => places.enter("127.0.0.1"));
  expect(near.every((place) => place !== undefined)).toBe(true);
  expect(places.enter("::1")).toBeUndefined();
  far[0]?.leave();
  far[0]?.leave();
  expect(places.enter("192.0.2.1")).toBeDefined();
  expect(places.enter("192.0.2.2")).toBeUndefined();
});

test("a /64 of IPv6 is one address", () => {
  const places = new Places(limits);
  expect(places.enter("2001:db8::1")?.network).toBe("2001:db8:0:0::/64");
  expect(places.enter("2001:db8::2:1")).toBeDefined();
  expect(places.enter("2001:db8::3")).toBeUndefined();
  expect(places.isFull("2001:db8:0:0::/64")).toBe(true);
  expect(places.enter("2001:db8:0:1::1")).toBeDefined();
});

test("an account has so many, and a place is of one account at a time", () => {
  const places = new Places(limits);
  const taken = [1, 2, 3].map(() => places.enter("127.0.0.1"));
  expect(taken.map((place) => place?.take("anna"))).toEqual([true, true, true]);
  const fourth = places.enter("127.0.0.1");
  expect(fourth?.take("anna")).toBe(false);
  taken[0]?.giveBack();
  expect(fourth?.take("anna")).toBe(true);
  for (const place of [...taken, fourth]) place?.leave();
  const again = [1, 2, 3].map(() => places.enter("127.0.0.1"));
  expect(again.map((place) => place?.take("anna"))).toEqual([true, true, true]);
});

test("who has left takes no place of an account any more", () => {
  const places = new Places({ ...limits, sessionsPerAccount: 1 });
  const left = places.enter("127.0.0.1");
  left?.leave();
  expect(left?.take("anna")).toBe(false);
  expect(places.enter("127.0.0.1")?.take("anna")).toBe(true);
});

test("fewer places take nobody's away", () => {
  const places = new Places(limits);
  const place = places.enter("127.0.0.1");
  places.limits = { ...limits, sessions: 1 };
  expect(places.enter("127.0.0.1")).toBeUndefined();
  place?.leave();
  expect(places.enter("127.0.0.1")).toBeDefined();
});

test.each([
  ["127.0.0.1", true],
  ["127.255.3.4", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["::ffff:127.0.0.1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["1.127.0.0", false],
  ["::ffff:10.0.0.1", false],
  ["fe80::1", false],
  ["2001:db8::1", false],
  ["1::1", false],
])("%s is loopback: %p", (address, expected) => {
  expect(isLoopback(address)).toBe(expected);
});
