/** `config.toml`: settings of the user's. Read, never written, by mailkey; every one has a default. */
import { join } from "node:path";
import * as v from "valibot";
import { expandHome, type Environment, type Paths } from "../platform/paths.ts";
import { readToml } from "../platform/toml.ts";
import { ProxySchema, proxyConfig, type ProxyConfig } from "./proxy-config.ts";
import { duration, durationMs } from "./duration.ts";
import { LOG_LEVELS, type LogLevel } from "../service/log-level.ts";

const seconds = v.pipe(v.number(), v.minValue(1), v.maxValue(3600));
const command = v.pipe(v.string(), v.nonEmpty("must not be empty"));

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
  agent: v.optional(
    v.strictObject({
      /** Whether `mailkey token` starts an agent when there is none. */
      autostart: v.optional(v.boolean()),
      /** How long after it was unlocked the agent forgets everything secret. */
      lock_after: v.optional(duration),
      /** Seconds before the margin that a token is renewed in advance. */
      renew_ahead_seconds: v.optional(seconds),
      /** Messages on the desktop when a sign-in is about to end, or has ended. */
      notifications: v.optional(v.boolean()),
      log_level: v.optional(v.picklist(LOG_LEVELS)),
      /** The program that asks for a passphrase on the desktop. */
      pinentry: v.optional(command),
    }),
  ),
  proxy: v.optional(ProxySchema),
  hooks: v.optional(
    v.strictObject({
      /** Run with `sh -c` when somebody has to sign in, once for each occasion. */
      needs_login: v.optional(command),
      /** Run when the agent has renewed a token. */
      renewed: v.optional(command),
      /** Run when renewing fails in another way. */
      error: v.optional(command),
    }),
  ),
});

export interface Config {
  readonly marginSeconds: number;
  readonly timeoutMs: number;
  readonly retryBudgetMs: number;
  readonly caFile: string | undefined;
  readonly agent: AgentConfig;
  readonly proxy: ProxyConfig;
  readonly hooks: Hooks;
}

export interface AgentConfig {
  readonly autostart: boolean;
  /** Undefined: until it is told to, or stops. */
  readonly lockAfterMs: number | undefined;
  /** Undefined: as the token's lifetime suggests. */
  readonly renewAheadSeconds: number | undefined;
  readonly notifications: boolean;
  readonly logLevel: LogLevel;
  readonly pinentry: string;
}

/** Commands of the user's, for `sh -c`. */
export interface Hooks {
  readonly needsLogin: string | undefined;
  readonly renewed: string | undefined;
  readonly error: string | undefined;
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
  const { agent, hooks } = settings;
  return {
    marginSeconds: settings.token?.margin_seconds ?? DEFAULT_MARGIN_SECONDS,
    timeoutMs: (settings.network?.timeout_seconds ?? DEFAULT_TIMEOUT_SECONDS) * 1000,
    retryBudgetMs: (settings.network?.retry_seconds ?? DEFAULT_RETRY_SECONDS) * 1000,
    caFile: caFile === undefined ? undefined : expandHome(caFile, env),
    agent: {
      autostart: agent?.autostart ?? false,
      lockAfterMs: agent?.lock_after === undefined ? undefined : durationMs(agent.lock_after),
      renewAheadSeconds: agent?.renew_ahead_seconds,
      notifications: agent?.notifications ?? true,
      logLevel: agent?.log_level ?? "info",
      pinentry: agent?.pinentry ?? "pinentry",
    },
    proxy: proxyConfig(settings.proxy, env),
    hooks: { needsLogin: hooks?.needs_login, renewed: hooks?.renewed, error: hooks?.error },
  };
}
