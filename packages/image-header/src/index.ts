export { type ImageHeader, inspectImage, inspectStream } from './inspect-image.ts'
export { withoutLeadingJunk } from './without-leading-junk.ts'
