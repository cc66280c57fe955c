//! Samples -> pictures and back: mel-spectrogram, colour maps, masked resynthesis.
