import { resolve } from 'node:path'

/** The path that a caller means, who may be in another folder: pnpm runs scripts in the repository's root. */
export function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path)
}
