import { describe, expect, test } from "bun:test";
import { networkOf } from "../../../src/platform/addresses.ts";
import { Throttle } from "../../../src/proxy/passwords/throttle.ts";

const LOCAL = "127.0.0.1";
const REMOTE = "192.0.2.1";

function newThrottle() {
  const clock = { ms: 0 };
  const throttle = new Throttle(() => clock.ms);
  const guess = (times: number, user: string, peer: string) => {
    for (let round = 0; round < times; round += 1) throttle.wrong(user, peer);
  };
  return { clock, throttle, guess };
}

describe("wrong passwords", () => {
  test("cost nothing at first, then a second, then twice as long each, a minute at most", () => {
    const { clock, throttle } = newThrottle();
    const waits = Array.from({ length: 14 }, () => {
      throttle.wrong("anna", LOCAL);
      const waitMs = throttle.waitMs("anna", LOCAL);
      clock.ms += waitMs;
      return waitMs / 1000;
    });
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });

  test("on this machine hold up nobody but their own user", () => {
    const { throttle, guess } = newThrottle();
    guess(20, "anna", LOCAL);
    expect(throttle.waitMs("anna", LOCAL)).toBe(60_000);
    expect(throttle.waitMs("berta", LOCAL)).toBe(0);
  });

  test("from another machine hold up all of its network, whoever they are for, and nobody else", () => {
    const { throttle, guess } = newThrottle();
    for (const user of ["a", "b", "c", "d", "e"]) guess(1, user, REMOTE);
    expect(throttle.waitMs("f", REMOTE)).toBe(1000);
    expect(throttle.waitMs("f", "192.0.2.2")).toBe(0);
    expect(throttle.waitMs("f", LOCAL)).toBe(0);
    guess(20, "f", REMOTE);
    expect(throttle.waitMs("f", "192.0.2.2")).toBe(0);
    expect(throttle.waitMs("f", LOCAL)).toBe(0);
    guess(5, "a", "2001:db8:0:1::1");
    expect(throttle.waitMs("f", "2001:db8:0:1:ffff::9")).toBe(1000);
    expect(throttle.waitMs("f", "2001:db8:0:2::1")).toBe(0);
  });

  test("are forgotten by a right one, and by a quarter of an hour's silence", () => {
    const { clock, throttle, guess } = newThrottle();
    guess(9, "anna", REMOTE);
    throttle.right("anna", REMOTE);
    expect(throttle.waitMs("anna", REMOTE)).toBe(0);
    guess(4, "anna", REMOTE);
    clock.ms += 15 * 60_000;
    guess(4, "anna", REMOTE);
    expect(throttle.waitMs("anna", REMOTE)).toBe(0);
    guess(1, "anna", REMOTE);
    expect(throttle.waitMs("anna", REMOTE)).toBe(1000);
  });

  test("for more names than are kept push out those longest quiet", () => {
    const { throttle, guess } = newThrottle();
    guess(5, "first", LOCAL);
    guess(5, "second", LOCAL);
    for (let name = 0; name < 9_999; name += 1) guess(1, `${name}`, LOCAL);
    expect(throttle.waitMs("first", LOCAL)).toBe(0);
    expect(throttle.waitMs("second", LOCAL)).toBe(1000);
  });
});

test.each([
  ["192.0.2.1", "192.0.2.1"],
  ["::ffff:192.0.2.1", "192.0.2.1"],
  ["2001:db8::1", "2001:db8:0:0::/64"],
  ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
  ["2001:0DB8:0001::", "2001:db8:1:0::/64"],
  ["fe80::1%eth0", "fe80:0:0:0::/64"],
  ["::2", "0:0:0:0::/64"],
  ["", ""],
])("the network of %p is %p", (address, network) => {
  expect(networkOf(address)).toBe(network);
});
