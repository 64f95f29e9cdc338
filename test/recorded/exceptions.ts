/** Recorded worlds that we see otherwise, each with the reason; one that passes all the same fails the run. */
export const exceptions: ReadonlyMap<string, string> = new Map([])
