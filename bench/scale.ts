import { leaderMemory } from './scale/leader-memory.js'
import { idleTurnMs } from './scale/metered-clock.js'
import { ScaleFigures } from './scale/scale-figures.js'
import { scalePromises } from './scale/scale-promises.js'
import { ScaleRun, type Size } from './scale/scale-run.js'
import { scaleTables } from './scale/scale-table.js'
import type { Survey } from './suite/measure-command.js'

const SLOTS = 5
/** A thousand subtasks two ways, and ten thousand, of which not every one can be connected to every other. */
const SIZES: readonly Size[] = [
  { nodes: 8, slots: SLOTS, shape: 'all-to-all' },
  { nodes: 32, slots: SLOTS, shape: 'all-to-all' },
  { nodes: 100, slots: SLOTS, shape: 'all-to-all' },
  { nodes: 100, slots: SLOTS, shape: 'one-to-one' },
  { nodes: 1_000, slots: SLOTS, shape: 'one-to-one' },
]
const [SMALL, LARGE]: readonly [Size, Size] = [
  { nodes: 4, slots: 3, shape: 'all-to-all' },
  { nodes: 8, slots: 3, shape: 'all-to-all' },
]

/** What a job costs whoever directs it, on simulated clusters. */
export const scale: Survey = {
  name: 'scale',
  question: 'What does a large job cost whoever directs it? On simulated clusters: minutes, and 4 GB.',

  /** The tables of `docs/scale.md`, for all sizes up to so many nodes. */
  async measure({ nodes = 1_000 }) {
    // So that no size pays for the compiling that the first one calls for.
    await figuresOf(LARGE, 0)
    const idleMs = await idleTurnMs()
    const all: ScaleFigures[] = []
    for (const size of SIZES.filter((one) => one.nodes <= nodes)) all.push(await figuresOf(size, idleMs))
    console.log(scaleTables(all))
  },

  /** Whether what should not grow does, from one small size to another: seconds. */
  async check() {
    const [small, large] = [await figuresOf(SMALL, 0), await figuresOf(LARGE, 0)]
    return scalePromises(small, large)
  },
}

async function figuresOf(size: Size, idleMs: number): Promise<ScaleFigures> {
  const memory = leaderMemory(size)
  return new ScaleFigures(await ScaleRun.measured(size, idleMs), memory)
}
