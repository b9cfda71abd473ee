import type { Dirent } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join, parse, resolve, sep } from 'node:path'
import { codeOf, sourceFault } from './file-fault.js'

/**
 * The files that `pattern` names, absolute, in any order; none when there are none.
 *
 *     logs/today.jsonl   one file
 *     logs               the files in a folder, not those in folders below it
 *     logs/*.jsonl       `*` stands for any part of a name, `?` for one character
 *     logs/**            `**` for any folders, or none: with a name behind it, all such files below
 *
 * Names that begin with a dot fit only a pattern that says so: what is still being written is often called so.
 */
export async function filesOf(pattern: string): Promise<string[]> {
  const absolute = resolve(pattern)
  const { root } = parse(absolute)
  const names = absolute.slice(root.length).split(sep)
  const firstWild = names.findIndex((name) => /[*?]/.test(name))
  if (firstWild >= 0) return filesBelow(join(root, ...names.slice(0, firstWild)), names.slice(firstWild))
  const kind = await kindOf(absolute)
  if (kind !== 'folder') return kind === 'file' ? [absolute] : []
  return filesBelow(absolute, ['*'])
}

async function filesBelow(folder: string, [name, ...rest]: readonly string[]): Promise<string[]> {
  if (name === undefined) return []
  const entries = await entriesOf(folder)
  if (name === '**') {
    const below = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    const deeper = await Promise.all(
      below.map((entry) => filesBelow(join(folder, entry.name), [name, ...rest])),
    )
    return [...(await filesBelow(folder, rest)), ...deeper.flat()]
  }
  const fits = fitting(name)
  const found = entries.filter((entry) => fits.test(entry.name)).map((entry) => join(folder, entry.name))
  if (rest.length > 0) return (await Promise.all(found.map((path) => filesBelow(path, rest)))).flat()
  const kinds = await Promise.all(found.map(kindOf))
  return found.filter((_, index) => kinds[index] === 'file')
}

function fitting(name: string): RegExp {
  const escaped = name.replace(/[.+^${}()|[\]\\]/g, '\\$&')
  const visible = /^[*?]/.test(name) ? '(?!\\.)' : ''
  return new RegExp(`^${visible}${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 'su')
}

async function entriesOf(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true })
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return []
    throw sourceFault(folder, error)
  }
}

/** Links are followed. */
async function kindOf(path: string): Promise<'file' | 'folder' | 'other' | 'missing'> {
  try {
    const found = await stat(path)
    return found.isFile() ? 'file' : found.isDirectory() ? 'folder' : 'other'
  } catch (error) {
    const code = codeOf(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'missing'
    throw sourceFault(path, error)
  }
}
