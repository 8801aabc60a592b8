export { findPhotographs, type Photograph } from './demo/photographs.ts'
export { freePort, freePorts, type Ports } from './ports.ts'
export { startService } from './start-service.ts'
export { type Stack, type StackOptions, startStack } from './start-stack.ts'
