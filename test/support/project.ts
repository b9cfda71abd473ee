import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/**
 * Where the checkout is. This module runs from source (vitest) and from the build (the e2e programs), so the folder is
 * found by its package.json and not by counting parents.
 */
export const PROJECT: string = findProject(dirname(fileURLToPath(import.meta.url)))

/** Where downloaded servers are kept: it goes away with node_modules and is never part of the system. */
export const CACHE: string = join(PROJECT, 'node_modules', '.cache', 'retake')

function findProject(from: string): string {
  const manifest = join(from, 'package.json')
  if (existsSync(manifest) && JSON.parse(readFileSync(manifest, 'utf8')).name === 'retake') return from
  const parent = dirname(from)
  if (parent === from) throw new Error(`no package.json of retake above ${import.meta.url}`)
  return findProject(parent)
}
