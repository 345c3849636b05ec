/** "#live-ops" for a channel, the bare name for a direct message. */
export const channelLabel = (channel) => (channel.is_im ? channel.name : `#${channel.name}`);
