/** How output channels are ranked: the paper's S, or the token-level Fisher information per byte. */
export const RANKINGS = ["taylor", "fisher"] as const;

export type Ranking = (typeof RANKINGS)[number];
