/** The token path's connections with the real world. Lean: `mailkey token` comes through here. */
import type { TokenPorts } from "./get-token.ts";

type Given = Omit<TokenPorts, "random" | "createFetch">;

export function systemTokenPorts(given: Given): TokenPorts {
  return {
    ...given,
    random: Math.random,
    createFetch: (timeoutMs) => async (url, init) => {
      const { createFetch } = await import("../platform/http.ts"); // not needed for a cached token
      return createFetch({ env: given.env, caFile: given.config.caFile, timeoutMs })(url, init);
    },
  };
}
