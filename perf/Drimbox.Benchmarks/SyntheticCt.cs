using Drimbox.Core.Identity;
using Drimbox.Dicom;
using Drimbox.Dicom.Part10;

namespace Drimbox.Benchmarks;

/// <summary>A CT image as scanners send them: 512 × 512 × 16 bits, and before them some 130 elements with five
/// sequences and a private block. Every run makes the same bytes; all names and numbers are invented.</summary>
internal static class SyntheticCt
{
    public static readonly Uid SopInstanceUid = Uid.Parse("1.2.826.0.1.3680043.10.99999.4.1.1.20261122.101500.117");

    private static readonly Uid StudyUid = Uid.Parse("1.2.826.0.1.3680043.10.99999.4.1.1.20261122.101500");

    public static DataSet Create()
    {
        var ct = new DataSet();
        ct.SetCharacterSet(CharacterSet.Latin1);
        AddGeneral(ct);
        AddPatientAndAcquisition(ct);
        AddRelationship(ct);
        AddPrivate(ct);
        AddImage(ct);
        var pixels = new byte[512 * 512 * 2];
        new Random(512).NextBytes(pixels);
        ct.SetBytes(Tag.PixelData, Vr.OW, pixels);
        return ct;
    }

    public static byte[] CreateFile() => Part10Writer.ToBytes(Create(), TransferSyntax.ExplicitVRLittleEndian);

    private static void AddGeneral(DataSet ct)
    {
        ct.SetStrings(Tag.ImageType, "ORIGINAL", "PRIMARY", "AXIAL", "CT_SOM5 SPI");
        ct.SetString(Tag.InstanceCreationDate, "20261122");
        ct.SetString(Tag.InstanceCreationTime, "101612.734000");
        ct.SetUid(Tag.SOPClassUID, SopClass.CTImageStorage);
        ct.SetUid(Tag.SOPInstanceUID, SopInstanceUid);
        Tag[] dates = [Tag.StudyDate, Tag.SeriesDate, Tag.AcquisitionDate, Tag.ContentDate];
        foreach (var date in dates) ct.SetString(date, "20261122");
        Tag[] times = [Tag.StudyTime, Tag.SeriesTime, Tag.AcquisitionTime, Tag.ContentTime];
        foreach (var time in times) ct.SetString(time, "101500.125000");
        ct.SetString(Tag.AccessionNumber, "20261122-00117");
        ct.SetString(Tag.Modality, "CT");
        ct.SetString(Tag.Manufacturer, "Invented Medical");
        ct.SetString(Tag.InstitutionName, "Hôpital de l'Exemple");
        ct.SetString(Tag.InstitutionAddress, "1 rue de l'Essai, 35000 Rennes");
        ct.SetString(Tag.ReferringPhysicianName, "MEDECIN^ANDRÉ");
        ct.SetString(Tag.StationName, "CT01");
        ct.SetString(Tag.StudyDescription, "SCANNER THORACO-ABDOMINO-PELVIEN");
        ct.SetSequence(Tag.ProcedureCodeSequence, Code(ct, "ZBQH001", "CCAM", "Scanographie du thorax"));
        ct.SetString(Tag.SeriesDescription, "TAP 1.0 Bf40");
        ct.SetString(Tag.InstitutionalDepartmentName, "Imagerie médicale");
        ct.SetString(Tag.PerformingPhysicianName, "RADIOLOGUE^HÉLÈNE");
        ct.SetString(Tag.OperatorsName, "MANIP^RADIO");
        ct.SetString(Tag.ManufacturerModelName, "Example Definition AS+");
        ct.SetSequence(
            Tag.ReferencedStudySequence, Reference(ct, "1.2.840.10008.3.1.2.3.1", StudyUid.ToString()));
        ct.SetSequence(
            Tag.ReferencedImageSequence,
            Reference(ct, SopClass.CTImageStorage.ToString(), $"{StudyUid}.1"),
            Reference(ct, SopClass.CTImageStorage.ToString(), $"{StudyUid}.2"));
        ct.SetString(Tag.DerivationDescription, "none");
    }

    private static void AddPatientAndAcquisition(DataSet ct)
    {
        ct.SetString(Tag.PatientName, "PAT-TROIS^DOMINIQUE^^^");
        ct.SetString(Tag.PatientID, "279035121518989");
        ct.SetString(Tag.IssuerOfPatientID, "ASIP-SANTE-INS-NIR");
        ct.SetString(Tag.PatientBirthDate, "19790315");
        ct.SetString(Tag.PatientSex, "F");
        ct.SetString(Tag.PatientAge, "047Y");
        ct.SetString(Tag.PatientSize, "1.68");
        ct.SetString(Tag.PatientWeight, "61");
        ct.SetString(Tag.AdditionalPatientHistory, "Bilan d'extension, contrôle à trois mois.");
        ct.SetString(Tag.ContrastBolusAgent, "Iomeprol 400");
        ct.SetString(Tag.BodyPartExamined, "CHEST");
        ct.SetString(Tag.ScanOptions, "SPIRAL MODE");
        ct.SetString(Tag.SliceThickness, "1");
        ct.SetString(Tag.KVP, "120");
        ct.SetString(Tag.DataCollectionDiameter, "500");
        ct.SetString(Tag.DeviceSerialNumber, "66177");
        ct.SetString(Tag.SoftwareVersions, "syngo-like CT 2026A");
        ct.SetString(Tag.ProtocolName, "TAP_Injecte");
        ct.SetString(Tag.ContrastBolusVolume, "90");
        ct.SetString(Tag.ContrastFlowRate, "2.5");
        ct.SetString(Tag.ReconstructionDiameter, "372");
        ct.SetString(Tag.DistanceSourceToDetector, "1085.6");
        ct.SetString(Tag.DistanceSourceToPatient, "595");
        ct.SetString(Tag.GantryDetectorTilt, "0");
        ct.SetString(Tag.TableHeight, "163");
        ct.SetString(Tag.RotationDirection, "CW");
        ct.SetString(Tag.ExposureTime, "500");
        ct.SetString(Tag.XRayTubeCurrent, "212");
        ct.SetString(Tag.Exposure, "106");
        ct.SetString(Tag.FilterType, "FLAT");
        ct.SetString(Tag.GeneratorPower, "25");
        ct.SetStrings(Tag.FocalSpots, "1.2");
        ct.SetString(Tag.DateOfLastCalibration, "20261122");
        ct.SetString(Tag.TimeOfLastCalibration, "071204.000000");
        ct.SetStrings(Tag.ConvolutionKernel, "Bf40", "3");
        ct.SetString(Tag.PatientPosition, "FFS");
        ct.SetDouble(Tag.SingleCollimationWidth, 0.6);
        ct.SetDouble(Tag.TotalCollimationWidth, 38.4);
        ct.SetDouble(Tag.TableSpeed, 46);
        ct.SetDouble(Tag.TableFeedPerRotation, 23);
        ct.SetDouble(Tag.SpiralPitchFactor, 0.6);
        ct.SetString(Tag.ExposureModulationType, "XYZ_EC");
        ct.SetDouble(Tag.CTDIvol, 7.14);
        ct.SetSequence(Tag.CTDIPhantomTypeCodeSequence, Code(ct, "113691", "DCM", "IEC Body Dosimetry Phantom"));
    }

    private static void AddRelationship(DataSet ct)
    {
        ct.SetUid(Tag.StudyInstanceUID, StudyUid);
        ct.SetUid(Tag.SeriesInstanceUID, Uid.Parse($"{StudyUid}.3"));
        ct.SetString(Tag.StudyID, "117");
        ct.SetString(Tag.SeriesNumber, "3");
        ct.SetString(Tag.AcquisitionNumber, "2");
        ct.SetString(Tag.InstanceNumber, "117");
        ct.SetStrings(Tag.ImagePositionPatient, "-185.63671875", "-342.63671875", "-217.5");
        ct.SetStrings(Tag.ImageOrientationPatient, "1", "0", "0", "0", "1", "0");
        ct.SetUid(Tag.FrameOfReferenceUID, Uid.Parse($"{StudyUid}.9"));
        ct.SetEmpty(Tag.PositionReferenceIndicator);
        ct.SetString(Tag.SliceLocation, "-217.5");
        ct.SetString(Tag.ImageComments, "1.0 mm, axial, injected, portal phase");
        ct.SetString(Tag.RequestingPhysician, "MEDECIN^ANDRÉ");
        ct.SetString(Tag.RequestedProcedureDescription, "Scanner thoraco-abdomino-pelvien injecté");
        ct.SetString(Tag.PerformedProcedureStepStartDate, "20261122");
        ct.SetString(Tag.PerformedProcedureStepStartTime, "101500.125000");
        ct.SetString(Tag.PerformedProcedureStepID, "PPS117");
        ct.SetString(Tag.PerformedProcedureStepDescription, "TAP injecté");
        var request = new DataSet(ct);
        request.SetString(Tag.AccessionNumber, "20261122-00117");
        request.SetUid(Tag.StudyInstanceUID, StudyUid);
        request.SetString(Tag.ScheduledProcedureStepDescription, "Scanner TAP");
        request.SetSequence(
            Tag.ScheduledProtocolCodeSequence, Code(request, "TAP", "99EXAMPLE", "Thorax, abdomen, pelvis"));
        request.SetString(Tag.ScheduledProcedureStepID, "SPS117");
        request.SetString(Tag.RequestedProcedureID, "RP117");
        ct.SetSequence(Tag.RequestAttributesSequence, request);
    }

    // Vendors keep their own parameters between the groups of the standard.
    private static void AddPrivate(DataSet ct)
    {
        ct.Set(new DataElement(new Tag(0x0019_0010), Vr.LO, "INVENTED CT PARAMS"u8.ToArray()));
        for (ushort i = 0; i < 12; i++)
        {
            var tag = new Tag(0x0019, (ushort)(0x1000 + i));
            ct.Set(i % 3 == 0
                ? new DataElement(tag, Vr.DS, "0.7265625 "u8.ToArray())
                : new DataElement(tag, Vr.LO, "parameter value "u8.ToArray()));
        }

        ct.Set(new DataElement(new Tag(0x0029_0010), Vr.LO, "INVENTED CSA HEADER "u8.ToArray()));
        ct.Set(new DataElement(new Tag(0x0029_1010), Vr.OB, new byte[2048]));
        ct.Set(new DataElement(new Tag(0x0029_1020), Vr.UN, new byte[512]));
    }

    private static void AddImage(DataSet ct)
    {
        ct.SetInt(Tag.SamplesPerPixel, 1);
        ct.SetString(Tag.PhotometricInterpretation, "MONOCHROME2");
        ct.SetInt(Tag.Rows, 512);
        ct.SetInt(Tag.Columns, 512);
        ct.SetStrings(Tag.PixelSpacing, "0.7265625", "0.7265625");
        ct.SetInt(Tag.BitsAllocated, 16);
        ct.SetInt(Tag.BitsStored, 12);
        ct.SetInt(Tag.HighBit, 11);
        ct.SetInt(Tag.PixelRepresentation, 0);
        ct.SetInt(Tag.SmallestImagePixelValue, 0);
        ct.SetInt(Tag.LargestImagePixelValue, 3071);
        ct.SetStrings(Tag.WindowCenter, "50", "-600");
        ct.SetStrings(Tag.WindowWidth, "400", "1200");
        ct.SetString(Tag.RescaleIntercept, "-1024");
        ct.SetString(Tag.RescaleSlope, "1");
        ct.SetString(Tag.RescaleType, "HU");
        ct.SetStrings(Tag.WindowCenterWidthExplanation, "MEDIASTIN", "POUMON");
    }

    private static DataSet Code(DataSet parent, string value, string scheme, string meaning)
    {
        var code = new DataSet(parent);
        code.SetString(Tag.CodeValue, value);
        code.SetString(Tag.CodingSchemeDesignator, scheme);
        code.SetString(Tag.CodeMeaning, meaning);
        return code;
    }

    private static DataSet Reference(DataSet parent, string sopClass, string sopInstance)
    {
        var reference = new DataSet(parent);
        reference.SetString(Tag.ReferencedSOPClassUID, sopClass);
        reference.SetString(Tag.ReferencedSOPInstanceUID, sopInstance);
        return reference;
    }
}
