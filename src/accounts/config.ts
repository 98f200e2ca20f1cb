/** `config.toml`: settings of the user's. Read, never written, by mailkey; every one has a default. */
import { join } from "node:path";
import * as v from "valibot";
import { expandHome, type Environment, type Paths } from "../platform/paths.ts";
import { readToml } from "../platform/toml.ts";

const seconds = v.pipe(v.number(), v.minValue(1), v.maxValue(3600));

const ConfigSchema = v.strictObject({
  token: v.optional(
    v.strictObject({
      /** A cached token with less than this left is renewed; never more than half of its lifetime. */
      margin_seconds: v.optional(seconds),
    }),
  ),
  network: v.optional(
    v.strictObject({
      /** For one request, connecting included. */
      timeout_seconds: v.optional(seconds),
      /** For all attempts of one renewal together. */
      retry_seconds: v.optional(seconds),
      /** PEM file of certificate authorities trusted besides the built-in ones. */
      ca_file: v.optional(v.string()),
    }),
  ),
});

export interface Config {
  readonly marginSeconds: number;
  readonly timeoutMs: number;
  readonly retryBudgetMs: number;
  readonly caFile: string | undefined;
}

/** 600 s: Exchange's high-volume submission refuses tokens close to their end ("Token will expire soon"). */
const DEFAULT_MARGIN_SECONDS = 600;
/** Long enough for a slow provider, short enough that four attempts fit into the budget. */
const DEFAULT_TIMEOUT_SECONDS = 10;
/** mbsync and msmtp wait silently for us; a minute of silence is what people take for a hang. */
const DEFAULT_RETRY_SECONDS = 40;

/** @throws ERR_CONFIG, ERR_UNTRUSTED_FILE */
export function loadConfig(paths: Paths, env: Environment): Config {
  return configOf(readToml(configPath(paths), ConfigSchema) ?? {}, env);
}

export function configPath(paths: Paths): string {
  return join(paths.config, "config.toml");
}

/** What counts without a config.toml. */
export function defaultConfig(env: Environment): Config {
  return configOf({}, env);
}

function configOf(settings: v.InferOutput<typeof ConfigSchema>, env: Environment): Config {
  const caFile = settings.network?.ca_file;
  return {
    marginSeconds: settings.token?.margin_seconds ?? DEFAULT_MARGIN_SECONDS,
    timeoutMs: (settings.network?.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    retryBudgetMs: (settings.network?.retry_seconds ?? DEFAULT_RETRY_SECONDS) * 1000,
    caFile: caFile === undefined ? undefined : expandHome(caFile, env),
  };
}
