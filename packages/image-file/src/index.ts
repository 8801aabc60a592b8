export { heifType } from './heif-type.ts'
export type { ImageHeader } from './image-header.ts'
export { inspectImage, inspectStream } from './inspect-image.ts'
export { withoutLeadingJunk } from './without-leading-junk.ts'
