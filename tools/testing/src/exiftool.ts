import { execFile, spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'
import { promisify } from 'node:util'

const exiftool: string = createRequire(import.meta.url)('exiftool-vendored.pl')

/** Why ExifTool, which comes from npm, cannot run on this machine; undefined where it can. */
export function missingPerl(): string | undefined {
  if (spawnSync('perl', [exiftool, '-ver']).status === 0) return undefined
  return 'Perl, in which ExifTool is written, not found. Install perl.'
}

/** Runs ExifTool and gives what it prints. */
export async function runExifTool(...options: string[]): Promise<string> {
  return (await promisify(execFile)('perl', [exiftool, ...options])).stdout
}

/** What ExifTool prints about an image in memory. */
export function runExifToolOn(image: Uint8Array, ...options: string[]): string {
  const { status, stdout, stderr } = spawnSync('perl', [exiftool, ...options, '-'], { input: image })
  if (status !== 0) throw new Error(`ExifTool failed: ${stderr}`)
  return stdout.toString()
}
