import { execFileSync } from 'node:child_process'
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** What does not fit is cut off, so this fills to the last page. */
const BALLAST = new Uint8Array(64 * 1_024)

/** A file system of a few megabytes in a folder of its own, to be filled. Mounting it takes a right that not all have. */
export class SmallDisk {
  readonly folder: string

  constructor(folder: string, megabytes = 8) {
    this.folder = folder
    mkdirSync(folder, { recursive: true })
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', folder], { stdio: 'pipe' })
  }

  /** Why there can be none here; undefined when there can. */
  static whyNot(): string | undefined {
    const folder = mkdtempSync(join(tmpdir(), 'retake-disk-'))
    try {
      new SmallDisk(folder).unmount()
      return undefined
    } catch {
      return 'no right to mount a file system'
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }

  /** Takes what is left. */
  fill(): void {
    const file = openSync(this.#ballast, 'a')
    try {
      for (;;) writeSync(file, BALLAST)
    } catch {
      // full
    } finally {
      closeSync(file)
    }
  }

  makeRoom(): void {
    rmSync(this.#ballast, { force: true })
  }

  unmount(): void {
    SmallDisk.release(this.folder)
  }

  /** Of one that another process mounted. */
  static release(folder: string): void {
    execFileSync('umount', ['-l', folder], { stdio: 'pipe' })
  }

  get #ballast(): string {
    return join(this.folder, 'ballast')
  }
}
