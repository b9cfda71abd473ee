/** How long to wait before asking Kafka again, after so many failures in a row: 100 ms, doubling up to 5 s. */
export function backoffMs(failures: number): number {
  return Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures - 1, DOUBLINGS_MAX))
}

const FIRST_MS = 100
const LONGEST_MS = 5_000
const DOUBLINGS_MAX = 10
