/** Every recipe, one file each, loaded when asked for. The order is that of listings. */
import type { Recipe } from "./recipe.ts";

/** Literal imports, so that a bundler can split them. */
export const RECIPES: Readonly<Record<string, () => Promise<Recipe>>> = {};
