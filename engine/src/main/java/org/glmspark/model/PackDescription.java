package org.glmspark.model;

/// What a pack says about itself.
///
/// @param digest of the model in it, [org.glmspark.format.PackHeader#digest]
/// @param sourceDigest of the files it was made of, [ModelDigest]
/// @param packer the program that wrote it
public record PackDescription(String digest, String sourceDigest, String packer) {}
