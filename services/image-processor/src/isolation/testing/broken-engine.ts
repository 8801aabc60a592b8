/** An engine whose decoder crashes at every image, as after a bad deployment. It loads nothing, so it starts fast. */
process.on('message', () => process.abort())
process.on('disconnect', () => process.exit())
process.send?.({ contained: true })
