import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SmallDisk } from '../support/small-disk.js'

/** The process that made them follows: so the next one knows what a killed one left behind. */
const PREFIX = 'retake-chaos-disks-'
/** More than JetStream may take there. */
const MEGABYTES = 96

/** Disks small enough to be filled in no time, by name; none where no file system can be mounted. */
export class ChaosDisks {
  readonly #folder: string
  readonly #disks = new Map<string, SmallDisk>()
  readonly #onExit = () => this.unmount()

  constructor(names: readonly string[]) {
    removeLeftOvers()
    this.#folder = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`))
    process.once('exit', this.#onExit)
    for (const name of names) this.#disks.set(name, new SmallDisk(join(this.#folder, name), MEGABYTES))
  }

  disk(name: string): SmallDisk | undefined {
    return this.#disks.get(name)
  }

  unmount(): void {
    process.off('exit', this.#onExit)
    for (const disk of this.#disks.values()) disk.unmount()
    this.#disks.clear()
    rmSync(this.#folder, { recursive: true, force: true })
  }
}

function removeLeftOvers(): void {
  for (const name of readdirSync(tmpdir()).filter((candidate) => candidate.startsWith(PREFIX))) {
    const pid = name.slice(PREFIX.length).split('-')[0]
    if (existsSync(`/proc/${pid}`)) continue
    const folder = join(tmpdir(), name)
    for (const disk of readdirSync(folder)) SmallDisk.release(join(folder, disk))
    rmSync(folder, { recursive: true, force: true })
  }
}
