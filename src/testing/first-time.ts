/** Virtual time at which a test begins unless it is told another: 14 November 2023, 22:13:20 UTC. */
export const FIRST_TIME = 1_700_000_000_000
