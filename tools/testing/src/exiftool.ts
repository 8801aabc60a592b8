import { execFile, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'

const exiftool: string = createRequire(import.meta.url)('exiftool-vendored.pl')

/** The reason why ExifTool (from npm) cannot run on this machine, or undefined if it can. */
export function missingPerl(): string | undefined {
  if (spawnSync('perl', [exiftool, '-ver']).status === 0) return undefined
  return 'ExifTool needs Perl, which was not found. Install perl.'
}

/** Runs ExifTool and returns its output. */
export async function runExifTool(...options: string[]): Promise<string> {
  return (await promisify(execFile)('perl', [exiftool, ...options])).stdout
}

/** Runs ExifTool on an image in memory and returns its output. */
export function runExifToolOn(image: Uint8Array, ...options: string[]): string {
  const { status, stdout, stderr } = spawnSync('perl', [exiftool, ...options, '-'], { input: image })
  if (status !== 0) throw new Error(`ExifTool failed: ${stderr}`)
  return stdout.toString()
}
