import { expect, test } from "bun:test";
import { Recent } from "../../../src/proxy/passwords/recent.ts";

test("a full map forgets who was neither set nor asked for the longest", () => {
  const map = new Recent<number>(2);
  map.set("first", 1);
  map.set("second", 2);
  expect(map.get("first")).toBe(1);
  map.set("third", 3);
  expect(["first", "second", "third"].map((key) => map.get(key))).toEqual([1, undefined, 3]);
});
