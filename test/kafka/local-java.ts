import { join } from 'node:path'
import { type JavaRuntime, JVM_OPTIONS, startJava } from './java-runtime.ts'

/** This machine's Java. */
export function localJava(java: string, jars: string): JavaRuntime {
  return {
    bindAddress: '127.0.0.1',
    run: ({ main, args }) => startJava(java, [...JVM_OPTIONS, '-cp', join(jars, '*'), main, ...args]),
  }
}
