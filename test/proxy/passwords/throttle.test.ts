import { describe, expect, test } from "bun:test";
import { networkOf } from "../../../src/platform/addresses.ts";
import { Throttle } from "../../../src/proxy/passwords/throttle.ts";

const LOCAL = "127.0.0.1";
const REMOTE = "192.0.2.1";

function newThrottle() {
  const clock = { ms: 0 };
  const throttle = new Throttle(() => clock.ms);
  const guess = (times: number, peer: string) => {
    for (let round = 0; round < times; round += 1) throttle.wrong(peer);
  };
  return { clock, throttle, guess };
}

describe("wrong passwords", () => {
  test("cost nothing at first, then a second, then twice as long each, a minute at most", () => {
    const { clock, throttle } = newThrottle();
    const waits = Array.from({ length: 14 }, () => {
      throttle.wrong(REMOTE);
      const waitMs = throttle.waitMs(REMOTE);
      clock.ms += waitMs;
      return waitMs / 1000;
    });
    expect(waits).toEqual([0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60, 60]);
  });

  test("on this machine hold up nobody: one of its users could lock the others out", () => {
    const { throttle, guess } = newThrottle();
    for (const local of [LOCAL, "127.0.0.2", "::1", "::ffff:127.0.0.1"]) {
      guess(20, local);
      expect(throttle.waitMs(local)).toBe(0);
    }
  });

  test("from another machine hold up all of its network, and nobody else", () => {
    const { throttle, guess } = newThrottle();
    guess(5, REMOTE);
    expect(throttle.waitMs(REMOTE)).toBe(1000);
    expect(throttle.waitMs("192.0.2.2")).toBe(0);
    expect(throttle.waitMs(LOCAL)).toBe(0);
    guess(20, REMOTE);
    expect(throttle.waitMs("192.0.2.2")).toBe(0);
    expect(throttle.waitMs(LOCAL)).toBe(0);
    guess(5, "2001:db8:0:1::1");
    expect(throttle.waitMs("2001:db8:0:1:ffff::9")).toBe(1000);
    expect(throttle.waitMs("2001:db8:0:2::1")).toBe(0);
  });

  test("are forgotten by a right one, and by a quarter of an hour's silence", () => {
    const { clock, throttle, guess } = newThrottle();
    guess(9, REMOTE);
    throttle.right(REMOTE);
    expect(throttle.waitMs(REMOTE)).toBe(0);
    guess(4, REMOTE);
    clock.ms += 15 * 60_000;
    guess(4, REMOTE);
    expect(throttle.waitMs(REMOTE)).toBe(0);
    guess(1, REMOTE);
    expect(throttle.waitMs(REMOTE)).toBe(1000);
  });

  test("from more networks than are kept push out those longest quiet", () => {
    const { throttle, guess } = newThrottle();
    guess(5, "192.0.2.1");
    guess(5, "192.0.2.2");
    for (let host = 0; host < 9_999; host += 1) guess(1, `10.0.${host >> 8}.${host & 255}`);
    expect(throttle.waitMs("192.0.2.1")).toBe(0);
    expect(throttle.waitMs("192.0.2.2")).toBe(1000);
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
