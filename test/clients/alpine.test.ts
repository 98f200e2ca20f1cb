import { expect, test } from "bun:test";
import { alpine } from "../../src/clients/alpine.ts";
import { mailAccount, renderRequest } from "./rendering.ts";

test("alpine is refused, with programs that can do what it cannot", () => {
  expect(() => alpine.render(renderRequest([mailAccount("anna@mail.test")]))).toThrow(
    "takes no token from another program; mutt and aerc do",
  );
});
