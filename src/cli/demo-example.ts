import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { UsageError } from './usage-error.js'

/** The examples that the demonstration runs, and the oracle that counts beside them. */
export interface DemoExample {
  /** Made-up clicks into PostgreSQL. */
  readonly generated: string
  /** Clicks from Kafka into PostgreSQL. */
  readonly fromKafka: string
  /** The click with that number, always the same for a seed. */
  clickAt(seed: number, index: number): unknown
  /** Clicks of each user, as the table must hold them. */
  expectedCounts(count: number, seed: number): Map<string, number>
}

/** They stand in the repository, not in the package. This file runs from <repository>/dist/src/cli. */
export async function demoExample(): Promise<DemoExample> {
  const fileAt = (path: string) => fileURLToPath(new URL(`../../../${path}`, import.meta.url))
  const [generated, fromKafka] = [fileAt('examples/demo-clicks.ts'), fileAt('examples/click-count.ts')]
  if (!existsSync(generated)) {
    throw new UsageError('the demonstration is not part of the package', 'run it in a clone: npm run demo')
  }
  const built = new URL('../../examples/demo-clicks.js', import.meta.url).href
  const { clickAt, expectedCounts } = (await import(built)) as DemoExample
  return { generated, fromKafka, clickAt, expectedCounts }
}
