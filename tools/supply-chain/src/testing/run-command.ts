import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'

/** Runs a command, and resolves with its exit code and everything that it printed. */
export async function runCommand(
  command: string,
  args: string[],
  options: { cwd: string; env?: Record<string, string> },
): Promise<{ code: number; output: string }> {
  const child = spawn(command, args, { cwd: options.cwd, env: { ...process.env, ...options.env } })
  const exit = new Promise<number>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve(code ?? 1))
  })
  const [out, errors, code] = await Promise.all([text(child.stdout), text(child.stderr), exit])
  return { code, output: out + errors }
}
