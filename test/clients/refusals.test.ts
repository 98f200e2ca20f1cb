/** Programs that cannot use tokens, whatever their version. */
import { describe, expect, test } from "bun:test";
import { vdirsyncer } from "../../src/clients/vdirsyncer.ts";
import { isMailkeyError } from "../../src/errors.ts";
import { mailAccount, renderRequest } from "./rendering.ts";

describe.each([vdirsyncer])("the $name recipe", (recipe) => {
  test.each([undefined, "99.0"])("refuses version %s and says what to use instead", (version) => {
    const request = renderRequest([mailAccount("anna@mail.test")], { program: { path: "/usr/bin/x", version } });
    try {
      void recipe.render(request);
      expect.unreachable();
    } catch (error) {
      expect(isMailkeyError(error, "ERR_UNSUPPORTED")).toBe(true);
      expect(isMailkeyError(error) && error.hint).toBeTruthy();
      expect(String(error)).not.toContain("undefined");
    }
  });
});
